import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { BUSYBOX, MODULES_FOLDER } from "./init.ts";
import type { Kernel } from "./kernel.ts";
import { modulesOf } from "./module.ts";
import { Tree } from "./tree.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What the guest mounts something on, or programs count on. */
const EMPTY_DIRECTORIES = ["/dev", "/proc", "/sys", "/run", "/tmp", "/root", "/var/run", "/etc"];

/** Pairs of interfaces, damaged links, and what answers NETLINK_SOCK_DIAG; the others that they need come along. */
const MODULES = ["veth", "sch_netem", "tcp_diag", "udp_diag"];

/** Programs that busybox only resembles. */
const PROGRAMS = ["ip", "ss", "tc", "nsenter", "unshare", "setpriv"];
const PROGRAM_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The packages that are in no bundle, but for what no guest does: to ask history. */
const PACKAGES = ["node_modules/koffi", "node_modules/@koromix"];
/** Parts of them that nothing reads while npmon runs; koffi built for the libc that this machine does not have. */
const UNREAD = /(\.d\.[cm]?ts|\.map|\.md|\/koffi\/(vendor|doc)|\/koffi-[^/]+\/musl_[^/]+)$/;
/** Programs that are run in guests. */
const BUNDLED = [
  "test/guest/datagram-cost.ts",
  "test/guest/exactness.ts",
  "test/guest/inside.ts",
  "test/traffic/name-server.ts",
];
/** In test/: sources; what becomes of them comes instead. */
const SOURCES = /\.(tsx?|[ch]|sh)$|\/tsconfig\.json$/;

/** The tree of a guest: what every guest has, and the modules of its kernel. A bare one has busybox and nothing else. */
export async function guestTree(kernel: Kernel, bare: boolean): Promise<Tree> {
  if (bare) return addBusybox(beginTree());
  every ??= everyTree();
  const tree = new Tree(await every);
  for (const [index, { name, bytes }] of modulesOf(kernel, MODULES).entries()) {
    tree.write(`${MODULES_FOLDER}/${String(index).padStart(2, "0")}-${name}.ko`, bytes);
  }
  return tree;
}

let every: Promise<Tree> | undefined;

/**
 * What every guest has: node, npmon as it was built, what is in {@link BUNDLED}, fixtures, iproute2, busybox. Made once
 * a process, as it takes a second.
 */
async function everyTree(): Promise<Tree> {
  const tree = beginTree();
  tree.add(process.execPath).add(libbpf());
  for (const name of PROGRAMS) tree.add(programPath(name));
  addBusybox(tree);
  for (const name of ["bin", "bpf", "dist", "oclif.manifest.json", "package.json"])
    tree.add(join(ROOT, name));
  for (const name of PACKAGES) tree.add(join(ROOT, name), (path) => UNREAD.test(path));
  tree.add(join(ROOT, "test"), (path) => SOURCES.test(path));
  for (const [path, bytes] of await bundle(BUNDLED)) tree.write(join(ROOT, path), bytes);
  return tree;
}

function beginTree(): Tree {
  const tree = new Tree();
  for (const path of [...EMPTY_DIRECTORIES, ROOT]) tree.addDirectory(path);
  tree.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
  tree.write("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
  tree.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  return tree.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}

/** Adds busybox, under all names that are not taken yet. */
function addBusybox(tree: Tree): Tree {
  tree.add(BUSYBOX);
  for (const name of execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (!PROGRAM_FOLDERS.some((folder) => tree.has(join(folder, name)))) tree.link(`/bin/${name}`, BUSYBOX);
  }
  return tree;
}

function programPath(name: string): string {
  const folder = PROGRAM_FOLDERS.find((each) => existsSync(join(each, name)));
  if (folder === undefined) throw new Error(`${name} is in none of ${PROGRAM_FOLDERS.join(", ")}`);
  return join(folder, name);
}

/** koffi finds it through the loader, so nothing that is packed says that it needs it. */
function libbpf(): string {
  const path = /libbpf\.so\.1 .*=> (\S+)/.exec(execFileSync("ldconfig", ["-p"], { encoding: "utf8" }))?.[1];
  if (path === undefined) throw new Error("libbpf.so.1 is not on this machine");
  return path;
}
