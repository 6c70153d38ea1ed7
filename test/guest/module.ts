import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Kernel } from "./kernel.ts";

/** A kernel module, ready for `insmod`. */
export interface Module {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The named modules of a kernel and those that they need, in the order in which they can be inserted. */
export function modulesOf(kernel: Kernel, names: readonly string[]): readonly Module[] {
  const files = moduleFiles(kernel.modules);
  const modules = new Map<string, Module>();
  const add = (name: string) => {
    if (modules.has(name)) return;
    const file = files.get(name);
    if (file === undefined) throw new Error(`Linux ${kernel.version} has no module ${name}`);
    const bytes = file.endsWith(".xz")
      ? execFileSync("xz", ["-dc", file], { maxBuffer: 64 << 20 })
      : readFileSync(file);
    for (const needed of dependencies(bytes)) add(needed);
    modules.set(name, { name, bytes });
  };
  for (const name of names) add(name);
  return [...modules.values()];
}

/** Paths by name. In names `-` and `_` are the same, as they are to modprobe. */
function moduleFiles(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return new Map(
    files
      .filter((file) => /\.ko(\.xz)?$/.test(file))
      .map((file) => [
        basename(file)
          .replace(/\.ko(\.xz)?$/, "")
          .replaceAll("-", "_"),
        join(folder, file),
      ]),
  );
}

/** What its section .modinfo says: `depends=`, a comma list, and NUL. */
function dependencies(module: Buffer): readonly string[] {
  const start = module.indexOf("\0depends=");
  if (start < 0) return [];
  const list = module.toString("latin1", start + "\0depends=".length, module.indexOf(0, start + 1));
  return list
    .split(",")
    .filter((name) => name !== "")
    .map((name) => name.replaceAll("-", "_"));
}
