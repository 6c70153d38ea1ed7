import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** The one image: busybox and nothing else. */
export const IMAGE = "npmon-test/busybox:1";
const APPLETS = ["sh", "sleep", "cat", "echo", "nc", "httpd", "wget", "true"];

/** A tar archive for an engine to import. @param root - where to lay out what is in it; does not exist yet */
export function createImage(root: string): Buffer {
  mkdirSync(join(root, "bin"), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(root, "bin", applet));
  return execFileSync("tar", ["--create", "--directory", root, "."], { maxBuffer: 64 * 1024 * 1024 });
}
