import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { churn, overrun, scale, small, unprivileged } from "./fixtures/scenario.ts";

interface Scenarios {
  churn: Awaited<ReturnType<typeof churn>>;
  overrun: Awaited<ReturnType<typeof overrun>>;
  scale: Awaited<ReturnType<typeof scale>>;
  small: Awaited<ReturnType<typeof small>>;
  unprivileged: Awaited<ReturnType<typeof unprivileged>>;
}

const REPOSITORY = join(import.meta.dirname, "../../..");
const SCRIPT = "test/probe/sockdiag/fixtures/scenario.ts";
/** What the script imports, should its user not be able to read the repository. */
const NEEDED = [
  "package.json",
  "tsconfig.json",
  "src",
  "test/probe/sockdiag",
  "test/traffic",
  "node_modules",
];

/** A network namespace with nothing in it but loopback. */
export const OWN_NETWORK = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

/** Runs one function of fixtures/scenario.ts behind the words that `enter` its surroundings, and gives its result. */
export function runScenario<Name extends keyof Scenarios>(
  name: Name,
  enter: readonly string[],
): Scenarios[Name] {
  const [command = "", ...words] = enter;
  const readable = spawnSync(command, [...words, "test", "-r", join(REPOSITORY, SCRIPT)]).status === 0;
  const root = readable ? REPOSITORY : copyRepository();
  try {
    const parameters = [...words, process.execPath, "--import", "tsx", SCRIPT, name];
    const output = execFileSync(command, parameters, {
      cwd: root,
      encoding: "utf8",
      timeout: 120_000,
      maxBuffer: 1 << 28,
    });
    return JSON.parse(output);
  } finally {
    if (!readable) rmSync(root, { recursive: true, force: true });
  }
}

function copyRepository(): string {
  const root = mkdtempSync(join(tmpdir(), "npmon-copy-"));
  chmodSync(root, 0o755);
  for (const path of NEEDED) cpSync(join(REPOSITORY, path), join(root, path), { recursive: true });
  return root;
}
