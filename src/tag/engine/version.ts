import { isObject } from "./json.ts";
import { getJson, type RequestTarget } from "./request.ts";
import type { EngineIdentity, EngineState } from "./status.ts";

const API_VERSION = /^\d{1,3}\.\d{1,3}$/;
const VERSION = /^[\w.+~:-]{1,64}$/;
const PATH = "/version";

/** Asks who listens on a socket. Never rejects, see `getJson`. */
export async function askVersion(target: Omit<RequestTarget, "path">): Promise<EngineState> {
  const answer = await getJson({ ...target, path: PATH });
  if (answer.ok) {
    const engine = decodeVersion(answer.value);
    if (engine !== null) return { state: "reachable", engine, trouble: null };
    return { state: "failing", reason: `GET ${PATH}: not the answer of a container engine`, engine: null };
  }
  if (answer.kind === "absent" || answer.kind === "denied") return { state: answer.kind };
  return { state: "failing", reason: `GET ${PATH}: ${answer.reason}`, engine: null };
}

function decodeVersion(answer: unknown): EngineIdentity | null {
  if (!isObject(answer)) return null;
  const { ApiVersion: apiVersion, Version: version, Components: components } = answer;
  if (typeof apiVersion !== "string" || !API_VERSION.test(apiVersion)) return null;
  const podman =
    Array.isArray(components) && components.some((part) => isObject(part) && part.Name === "Podman Engine");
  return {
    name: podman ? "Podman" : "Docker",
    version: typeof version === "string" && VERSION.test(version) ? version : null,
    apiVersion,
  };
}
