import { realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";

const DOCKER_SOCKET = "/var/run/docker.sock";
const PODMAN_SOCKET = "/run/podman/podman.sock";

/**
 * Where the engines of this host listen: Docker's socket or `DOCKER_HOST`, Podman's or `CONTAINER_HOST`, and for
 * others than root their own ones under `XDG_RUNTIME_DIR`. A `DOCKER_HOST` that is no unix socket leads to another
 * host as a rule, whose containers are not here; it is passed over. Root does not go through the sockets of other
 * users: who listens there could give names to containers that are not theirs.
 *
 * @param env - an environment
 * @param uid - of whoever asks
 * @returns paths, each engine once where one path is a link to the other, whether or not anything is there
 */
export function findSockets(env: NodeJS.ProcessEnv, uid: number | undefined): readonly string[] {
  const paths = [
    parseUnixUrl(env.DOCKER_HOST) ?? DOCKER_SOCKET,
    parseUnixUrl(env.CONTAINER_HOST) ?? PODMAN_SOCKET,
  ];
  const runtime = env.XDG_RUNTIME_DIR;
  if (uid !== 0 && runtime !== undefined && isAbsolute(runtime)) {
    paths.push(join(runtime, "docker.sock"), join(runtime, "podman/podman.sock"));
  }
  const seen = new Set<string>();
  return paths.filter((path) => {
    const real = realPath(path);
    return !seen.has(real) && seen.add(real);
  });
}

function parseUnixUrl(url: string | undefined): string | null {
  const path = url?.startsWith("unix://") ? url.slice("unix://".length) : "";
  return isAbsolute(path) ? path : null;
}

/** The package podman-docker makes Docker's socket a link to Podman's. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
