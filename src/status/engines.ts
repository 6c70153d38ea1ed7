import type { SocketState } from "../tag/engine/status.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";
import type { Surroundings } from "./surroundings.ts";

/** A line for each socket where something is, or one that says that there is nothing. */
export function checkEngines(
  states: readonly SocketState[],
  isConfigured: boolean,
  { container, inKubernetes }: Surroundings,
): Finding[] {
  const name = "engine";
  const there = isConfigured ? states : states.filter(({ state }) => state !== "absent");
  if (there.length === 0) {
    const value = `none at ${states.map(({ socket }) => socket).join(" or ")}`;
    if (container === null || inKubernetes) return [ok(name, value)];
    const remedy = "Start the container with -v /run/docker.sock:/run/docker.sock:ro.";
    return [limited(name, `${value}: containers have no names`, remedy)];
  }
  return there.map((status) => checkSocket(name, status));
}

function checkSocket(name: string, status: SocketState): Finding {
  const { socket } = status;
  switch (status.state) {
    case "reachable": {
      const { engine, trouble } = status;
      const value = `${[engine.name, engine.version].filter(Boolean).join(" ")} at ${socket}`;
      return trouble === null
        ? ok(name, value)
        : limited(name, `${value}: ${trouble}`, "See the engine's own log.");
    }
    case "denied":
      return limited(
        name,
        `${socket}: this user may not use it, so containers have no names`,
        `Run as root, or as a member of the group that owns it: ls -l ${socket}`,
      );
    case "absent":
      return failing(
        name,
        "fault",
        `${socket}: not there`,
        "Start the engine, or take the socket out of npmon.container_sockets.",
      );
    case "asked":
      return failing(name, "fault", `${socket}: no answer`, "See the engine's own log.");
    case "failing":
      return failing(
        name,
        "fault",
        `${socket}: ${status.reason}`,
        "systemctl restart docker (or podman.socket), or remove the socket that it left.",
      );
  }
}
