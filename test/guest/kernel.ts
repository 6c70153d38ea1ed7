import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { openApt } from "./apt.ts";

const run = promisify(execFile);
const CACHE = join(import.meta.dirname, "../../.cache/guest");

/** Where a series is found: suites of Debian, the ones that matter to each. */
const SUITES = {
  "5.10": ["bullseye", "bullseye-security"],
  "6.1": ["bookworm", "bookworm-security"],
  "6.12": ["bookworm-backports"],
} as const;

export type Series = keyof typeof SUITES;

/** A kernel of Debian, unpacked in the cache. */
export interface Kernel {
  readonly series: Series;
  /** As `uname -r` says it: `6.1.0-50-cloud-amd64`, for example. */
  readonly version: string;
  readonly vmlinuz: string;
  /** The folder with its modules. */
  readonly modules: string;
}

/**
 * The newest kernel of a series, made for virtual machines. The first use downloads it (needs the network, and the
 * archives of the machine's own apt sources); from then on the cached one is taken, whatever is newer by then.
 */
export async function findKernel(series: Series): Promise<Kernel> {
  const cached = kernelIn(join(CACHE, series), series);
  if (cached !== null) return cached;
  mkdirSync(CACHE, { recursive: true });
  // made aside and moved into place when it is whole
  const folder = mkdtempSync(join(CACHE, `${series}.`));
  try {
    await download(series, folder);
    if (!existsSync(join(CACHE, series))) renameSync(folder, join(CACHE, series));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const kernel = kernelIn(join(CACHE, series), series);
  if (kernel !== null) return kernel;
  throw new Error(`the package of Linux ${series} holds no kernel`);
}

async function download(series: Series, folder: string): Promise<void> {
  const apt = await openApt(join(folder, "apt"), SUITES[series]);
  const found = await apt.search(
    new RegExp(`^linux-image-${series.replace(".", "\\.")}\\.[^ ]*-cloud-amd64$`),
  );
  const [newest] = [...found].sort(([, a], [, b]) => b.localeCompare(a, "en", { numeric: true }));
  if (newest === undefined) {
    throw new Error(`no cloud kernel of series ${series} in ${SUITES[series].join(", ")}`);
  }
  const [name, version] = newest;
  await run("dpkg-deb", ["-x", await apt.download(name, version, folder), join(folder, "unpacked")]);
  for (const part of ["boot", "lib"]) renameSync(join(folder, "unpacked", part), join(folder, part));
  for (const part of readdirSync(folder).filter((each) => each !== "boot" && each !== "lib")) {
    rmSync(join(folder, part), { recursive: true });
  }
}

function kernelIn(folder: string, series: Series): Kernel | null {
  if (!existsSync(folder)) return null;
  const vmlinuz = readdirSync(join(folder, "boot")).find((name) => name.startsWith("vmlinuz-"));
  if (vmlinuz === undefined) return null;
  const version = basename(vmlinuz).slice("vmlinuz-".length);
  return {
    series,
    version,
    vmlinuz: join(folder, "boot", vmlinuz),
    modules: join(folder, "lib/modules", version),
  };
}
