/** Where npmon's package lies, whose files are found the same way from sources, a bundle and compiled tests. */
import { existsSync } from "node:fs";

/**
 * A file of the package.
 * @param path from its root, like `bpf/npmon.bpf.o`
 */
export function packageFile(path: string): URL {
  return new URL(path, root());
}

/** The nearest folder up from here with a package.json. */
function root(): URL {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    if (folder.pathname === "/" || existsSync(new URL("package.json", folder))) return folder;
  }
}
