import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** apt with sources, lists and downloads of its own; those of the machine stay as they are. */
export interface Apt {
  /** Names of the packages whose name matches, each with the version that would be downloaded. */
  search(name: RegExp): Promise<ReadonlyMap<string, string>>;
  /** Downloads a package into a folder and returns the path of its file. Throws unless its signature is good. */
  download(name: string, version: string, folder: string): Promise<string>;
}

/** Reads what these suites of Debian hold, now. The folder is for apt to fill. */
export async function openApt(folder: string, suites: readonly string[]): Promise<Apt> {
  for (const name of ["lists/partial", "cache/archives/partial", "parts"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const archives = await archiveUris();
  const lines = suites.map((suite) => `deb [${SIGNED_BY}] ${archiveOf(suite, archives)} ${suite} main\n`);
  writeFileSync(join(folder, "sources.list"), lines.join(""));
  const options = Object.entries({
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": join(folder, "parts"),
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::Cache": join(folder, "cache"),
    "Acquire::Languages": "none",
    "Acquire::Retries": "3",
    "APT::Sandbox::User": "root", // the user of apt's sandbox may not be able to reach the folder
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...options, "-qq", "update"], { maxBuffer: OUTPUT_BYTES });

  return {
    search: async (name) => {
      const { stdout } = await run("apt-cache", [...options, "search", "--names-only", name.source], {
        maxBuffer: OUTPUT_BYTES,
      });
      const names = stdout.split("\n").flatMap((line) => line.split(" - ")[0] || []);
      if (names.length === 0) return new Map();
      const policy = await run("apt-cache", [...options, "policy", ...names], { maxBuffer: OUTPUT_BYTES });
      return new Map(
        [...policy.stdout.matchAll(/^(\S+):\n(?: .*\n)*? *Candidate: (\S+)/gm)]
          .map(([, each = "", version = ""]) => [each, version] as const)
          .filter(([, version]) => version !== "(none)"),
      );
    },
    download: async (name, version, to) => {
      const { stdout } = await run("apt-get", [...options, "--print-uris", "download", `${name}=${version}`]);
      const file = /^'[^']+' (\S+) \d+/m.exec(stdout)?.[1];
      if (file === undefined) throw new Error(`apt-get does not say where ${name} ${version} is: ${stdout}`);
      await run("apt-get", [...options, "-qq", "download", `${name}=${version}`], { cwd: to });
      return join(to, file);
    },
  };
}

const OUTPUT_BYTES = 16 << 20;
const SIGNED_BY = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";

/** Archives of the machine's own sources, by suite: `bookworm-security` and the URI that has it, for example. */
async function archiveUris(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run("apt-get", ["--print-uris", "update"], { maxBuffer: OUTPUT_BYTES });
  const archives = new Map<string, string>();
  for (const [, uri = "", suite = ""] of stdout.matchAll(/^'([^']+)\/dists\/([^/']+)\/InRelease'/gm)) {
    if (!archives.has(suite)) archives.set(suite, uri);
  }
  return archives;
}

/** The archive that has a suite: of a security suite, the one that has the machine's own; else that of its release. */
function archiveOf(suite: string, archives: ReadonlyMap<string, string>): string {
  const isSecurity = (name: string) => /-security$/.test(name);
  const known = archives.get(suite);
  if (known !== undefined) return known;
  const [uri] = [...archives]
    .filter(([name]) => isSecurity(name) === isSecurity(suite))
    .map(([, each]) => each);
  if (uri !== undefined) return uri;
  throw new Error(
    `no archive for ${suite}: the machine's own apt sources name ${[...archives.keys()].join(", ")}`,
  );
}
