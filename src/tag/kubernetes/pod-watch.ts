import { ApiFault, toFault } from "./api-fault.ts";
import { type Connection, statusFault } from "./connection.ts";
import { JsonSplitter } from "./json-splitter.ts";
import { asObject, asText, type JsonObject, parseJson } from "./json-value.ts";
import { MAX_RESOURCE_VERSION, RESOURCE_VERSION } from "./names.ts";
import { MAX_POD_BYTES, type PodListener } from "./pod-list.ts";
import type { PodTimings } from "./timings.ts";

export interface WatchListener extends PodListener {
  /** The server has accepted the watch. */
  readonly onOpen: () => void;
  readonly onGone: (json: unknown) => void;
  /** All changes up to this version have been handed on. */
  readonly onVersion: (resourceVersion: string) => void;
}

/** The server ends a watch in time; if it does not, this much later it is ended here. */
const GRACE_MS = 30_000;

/**
 * Hands on changes of pods until the server ends the watch, which it does after some minutes, or falls silent: then the
 * connection may be dead without anybody having said so, and a new watch tells.
 *
 * @param query - with a selector
 * @param resourceVersion - from where on
 * @param watchMs - how long the server is asked to go on
 * @throws ApiFault `gone` when what happened since that version is not remembered any more
 */
export async function watchPods(
  connection: Connection,
  query: URLSearchParams,
  resourceVersion: string,
  watchMs: number,
  { answerMs, watchIdleMs }: PodTimings,
  listener: WatchListener,
): Promise<void> {
  const watchQuery = new URLSearchParams(query);
  watchQuery.set("watch", "1");
  watchQuery.set("allowWatchBookmarks", "true");
  watchQuery.set("resourceVersion", resourceVersion);
  watchQuery.set("timeoutSeconds", String(Math.ceil(watchMs / 1_000)));
  const splitter = new JsonSplitter({
    arrayName: null,
    maxItemBytes: MAX_POD_BYTES,
    onItem: (text) => takeEvent(text, listener),
    onOversized: listener.onOversized,
  });
  const reading = { answerMs, idleMs: watchIdleMs, totalMs: watchMs + GRACE_MS };
  const take = { onBytes: (bytes: Buffer) => splitter.write(bytes), onAnswer: listener.onOpen };
  try {
    await connection.get(`/api/v1/pods?${watchQuery}`, reading, take);
  } catch (error) {
    if (toFault(error).kind === "silent") return;
    throw error;
  }
  splitter.end();
}

function takeEvent(text: string, { onPod, onGone, onVersion }: WatchListener): void {
  const event = asObject(parseJson(text));
  if (event === null) throw new ApiFault("nonsense", "an event of the watch is no JSON");
  const object = asObject(event.object) ?? {};
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
      onPod(object);
      break;
    case "DELETED":
      onGone(object);
      break;
    case "BOOKMARK":
      break;
    case "ERROR":
      throw errorOf(object);
    default:
      throw new ApiFault("nonsense", "the watch has an event of no known type");
  }
  const metadata = asObject(object.metadata);
  const version = asText(metadata?.resourceVersion, RESOURCE_VERSION, MAX_RESOURCE_VERSION);
  if (version !== null) onVersion(version);
}

/** What an ERROR event carries is a Status, as an answer that is not 200 would. */
function errorOf({ code, message }: JsonObject): ApiFault {
  const said = typeof message === "string" ? message : "the watch ended with an error";
  return statusFault(typeof code === "number" ? code : 0, said);
}
