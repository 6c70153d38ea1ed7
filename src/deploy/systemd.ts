import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { replaceFile } from "../config/replace-file.ts";
import { NpmonError } from "../error/error.ts";
import { packageFile } from "../package/file.ts";
import { CAPABILITIES } from "./deployment.ts";

export const UNIT = "npmon-forward.service";
export const UNIT_FILE = `/etc/systemd/system/${UNIT}`;
/** There as long as systemd runs this host. */
export const RUNNING = "/run/systemd/system";
const NPMON = fileURLToPath(packageFile("bin/npmon.js"));

/** The unit that runs `npmon forward` with as little as it needs. */
export function formatUnit(config: string, node = process.execPath, npmon = NPMON): string {
  const capabilities = CAPABILITIES.map((name) => `CAP_${name}`).join(" ");
  return `# Made by \`npmon enable --systemd\`; \`npmon disable --systemd\` removes it.
[Unit]
Description=npmon: who talks to whom on this host, sent on
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=${[node, npmon, "forward", "--config", config].map(quoteUnit).join(" ")}
Restart=on-failure
RestartSec=5
# What waiting does not mend: usage, privilege, kernel.
RestartPreventExitStatus=2 3 4
StateDirectory=npmon
LogsDirectory=npmon
UMask=0077
MemoryMax=1G
TasksMax=64

CapabilityBoundingSet=${capabilities}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service bpf perf_event_open
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** A word of ExecStart: systemd takes spaces, quotes, backslashes, % and $ for its own. */
function quoteUnit(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, "\\$&")}"`;
}

/**
 * Installs the unit, and starts it where systemd runs.
 * @returns what was done, for people
 * @throws NpmonError `output_file`
 */
export function installUnit({ dryRun, config }: { dryRun: boolean; config: string }): readonly string[] {
  const unit = formatUnit(config);
  const before = existsSync(UNIT_FILE) ? readFileSync(UNIT_FILE, "utf8") : null;
  if (dryRun) {
    process.stdout.write(unit);
    return [`${UNIT_FILE} would be ${before === unit ? "left as it is" : "written"}`];
  }
  if (before !== unit) replaceFile({ path: UNIT_FILE, before, after: unit });
  const said = [`${UNIT_FILE} ${before === unit ? "is there already" : "written"}`];
  if (!existsSync(RUNNING)) {
    return [...said, `systemd does not run here; \`systemctl enable --now ${UNIT}\` starts it where it does`];
  }
  systemctl("daemon-reload");
  systemctl("enable", UNIT);
  systemctl("restart", UNIT);
  return [...said, `${UNIT} runs; \`journalctl -u ${UNIT}\` shows what it says`];
}

/** Stops the service and removes its unit. */
export function removeUnit({ dryRun }: { dryRun: boolean }): readonly string[] {
  if (!existsSync(UNIT_FILE)) return [`${UNIT_FILE} is not there, nothing to remove`];
  if (dryRun) return [`${UNIT_FILE} would be removed`];
  const isRunning = existsSync(RUNNING);
  if (isRunning) systemctl("disable", "--now", UNIT);
  rmSync(UNIT_FILE);
  if (isRunning) systemctl("daemon-reload");
  return [`${UNIT_FILE} removed`];
}

function systemctl(...words: readonly string[]): void {
  try {
    execFileSync("systemctl", words, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  } catch (cause) {
    const { stderr = "" } = cause as { stderr?: string };
    const command = `systemctl ${words.join(" ")}`;
    throw new NpmonError(
      "output_file",
      `\`${command}\` failed: ${stderr.trim()}`,
      `See \`systemctl status ${UNIT}\`.`,
      cause,
    );
  }
}
