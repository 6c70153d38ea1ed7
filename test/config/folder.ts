import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of a test's own. Ends with `using` or `remove()`. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "npmon-config-"));

  /** Writes a file and gives its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = this.at(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
