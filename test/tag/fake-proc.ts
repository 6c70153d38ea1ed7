import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FakeProcess {
  readonly pid: number;
  readonly startTicks: number;
  readonly comm?: string | Buffer;
  readonly state?: string;
  readonly exe?: string;
  readonly uid?: number;
  readonly cgroup?: string;
  readonly environ?: string | Buffer;
}

/** A directory laid out as /proc, removed by `close`. */
export class FakeProc {
  readonly root = mkdtempSync(join(tmpdir(), "npmon-proc-"));

  /** Creates the process, or replaces it: the pid then belongs to the new one. */
  put(process: FakeProcess): void {
    const { pid, startTicks, comm = "fake", state = "S", exe, uid, cgroup, environ } = process;
    this.remove(pid);
    const directory = join(this.root, String(pid));
    mkdirSync(directory);
    const before = Buffer.from(`${pid} (`);
    const after = Buffer.from(
      `) ${state} 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${startTicks} 9 10 11\n`,
    );
    writeFileSync(join(directory, "stat"), Buffer.concat([before, Buffer.from(comm), after]));
    if (exe !== undefined) symlinkSync(exe, join(directory, "exe"));
    if (uid !== undefined)
      writeFileSync(join(directory, "status"), `Name:\tx\nUid:\t0\t${uid}\t0\t0\nGid:\t0\t0\t0\t0\n`);
    if (cgroup !== undefined) writeFileSync(join(directory, "cgroup"), cgroup);
    if (environ !== undefined) writeFileSync(join(directory, "environ"), environ);
  }

  remove(pid: number): void {
    rmSync(join(this.root, String(pid)), { recursive: true, force: true });
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
