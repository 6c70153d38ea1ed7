import { CAPABILITIES, type Deployment, SOCKETS, SPOOL, variablesOf } from "./deployment.ts";

/** The command that runs npmon beside the other containers of a host, one flag a line. */
export function formatDockerCommand(deployment: Deployment): string {
  const words = [
    "docker run --detach --name npmon --restart unless-stopped",
    "--pid host --network host --cgroupns host",
    "--security-opt apparmor:unconfined --security-opt no-new-privileges",
    `--cap-drop ALL ${CAPABILITIES.map((name) => `--cap-add ${name}`).join(" ")}`,
    "--read-only --memory 512m --cpus 0.5",
    "--volume /proc:/host/proc:ro",
    "--volume /etc/passwd:/etc/passwd:ro",
    `--volume ${SOCKETS[0]}:${SOCKETS[0]}`,
    `--volume npmon:${SPOOL}`,
    ...variablesOf(deployment).map(([name, value]) => `--env ${quoteShell(`${name}=${value}`)}`),
    `${quoteShell(deployment.image)} forward`,
  ];
  return `${words.join(" \\\n  ")}\n`;
}

/** The word as a shell gives it on. */
function quoteShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
