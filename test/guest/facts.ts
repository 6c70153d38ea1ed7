import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EbpfError, type LoadedObject, openObject } from "../../src/ebpf/index.ts";

/** Compiled from facts.bpf.c; has to be in the guest. */
export const FACTS_OBJECT = join(import.meta.dirname, "../../.cache/guest/facts.bpf.o");

/** Compiles {@link FACTS_OBJECT}, on this machine. */
export function buildFacts(): void {
  mkdirSync(dirname(FACTS_OBJECT), { recursive: true });
  const source = join(import.meta.dirname, "facts.bpf.c");
  const options = ["-g", "-O2", "-Wall", "-Werror", "-mcpu=v3", "-target", "bpfel"];
  const include = "-I/usr/include/x86_64-linux-gnu";
  execFileSync("clang-19", [...options, include, "-c", source, "-o", FACTS_OBJECT], { stdio: "inherit" });
}

/** What a kernel can do, by name: `yes`, or why not. Found by doing it, not from the version. */
export type Facts = Readonly<Record<string, string>>;

/** How a program of facts.bpf.c is attached, if not by its section alone. */
const ATTACH: Readonly<Record<string, (object: LoadedObject) => void>> = {
  map_walk: (object) => object.program("map_walk").run(),
  typed_pointer: (object) => object.program("typed_pointer").run(),
  task_file_iterator: (object) => void object.program("task_file_iterator").attachIterator(),
  tcp_iterator: (object) => void object.program("tcp_iterator").attachIterator(),
  cgroup_sendmsg: (object) => void object.program("cgroup_sendmsg").attachCgroup("/sys/fs/cgroup"),
  cgroup_recvmsg: (object) => void object.program("cgroup_recvmsg").attachCgroup("/sys/fs/cgroup"),
  cgroup_packet: (object) => void object.program("cgroup_packet").attachCgroup("/sys/fs/cgroup"),
};

/** Tries what the running kernel can do. Needs root. */
export function findFacts(): Facts {
  const path = FACTS_OBJECT;
  const opened = openObject(path);
  const names = [...opened.programs.keys()];
  opened.close();
  return {
    btf: existsSync("/sys/kernel/btf/vmlinux") ? "yes" : "no",
    kprobes: / register_kprobe$/m.test(readFileSync("/proc/kallsyms", "utf8")) ? "yes" : "no",
    ...Object.fromEntries(names.map((name) => [name, tryProgram(path, name)])),
  };
}

/** Loads and attaches one program. */
function tryProgram(path: string, name: string): string {
  let object: LoadedObject | null = null;
  try {
    object = openObject(path).setAutoload(name, true).load();
    const attach = ATTACH[name] ?? (() => void object?.program(name).attach());
    attach(object);
    return "yes";
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    return `no: ${error.code} ${error.errno}`;
  } finally {
    object?.close();
  }
}
