import { ApiFault } from "./api-fault.ts";
import type { Connection } from "./connection.ts";
import { JsonSplitter } from "./json-splitter.ts";
import { asObject, asText, parseJson } from "./json-value.ts";
import { MAX_RESOURCE_VERSION, RESOURCE_VERSION } from "./names.ts";
import type { PodTimings } from "./timings.ts";

/** How what is read of pods is handed on. */
export interface PodListener {
  /** A value that stands where a pod should. */
  readonly onPod: (json: unknown) => void;
  /** A pod of over {@link MAX_POD_BYTES}. */
  readonly onOversized: () => void;
}

/** etcd takes no object over 1.5 MiB; as JSON one can be somewhat larger. */
export const MAX_POD_BYTES = 4 * 1024 * 1024;

/** Pods asked for at once. */
const PAGE_SIZE = 500;
/** Ends a list that goes on for ever: a million pods. */
const MAX_PAGES = 2_000;
const MAX_CONTINUE = 4_096;

/**
 * Lists pods page by page, of whatever length: one pod at a time is in memory.
 *
 * @param query - with a selector, without paging
 * @param paged - false: in one piece, for servers whose pages expire faster than they are read
 * @returns the version of the list, from which a watch goes on
 * @throws ApiFault - then not all pods were handed on
 */
export async function listPods(
  connection: Connection,
  query: URLSearchParams,
  paged: boolean,
  timings: PodTimings,
  listener: PodListener,
): Promise<string> {
  let next = "";
  for (let page = 0; page < MAX_PAGES; page++) {
    const pageQuery = new URLSearchParams(query);
    if (paged) pageQuery.set("limit", String(PAGE_SIZE));
    if (next !== "") {
      pageQuery.set("continue", next);
      pageQuery.delete("resourceVersion"); // the API refuses both
    }
    const metadata = await readPods(connection, `/api/v1/pods?${pageQuery}`, timings, listener);
    const following = metadata.continue;
    if (following === undefined || following === "") {
      const version = asText(metadata.resourceVersion, RESOURCE_VERSION, MAX_RESOURCE_VERSION);
      if (version === null) throw new ApiFault("nonsense", "the list has no resourceVersion");
      return version;
    }
    const isOdd = typeof following !== "string" || following.length > MAX_CONTINUE || following === next;
    if (isOdd) throw new ApiFault("nonsense", "the list does not say how to go on");
    next = following;
  }
  throw new ApiFault("nonsense", "the list does not end");
}

/**
 * Reads one PodList.
 * @returns its metadata
 * @throws ApiFault
 */
export async function readPods(
  connection: Connection,
  path: string,
  { answerMs, idleMs, pageMs }: PodTimings,
  { onPod, onOversized }: PodListener,
): Promise<Readonly<Record<string, unknown>>> {
  const splitter = new JsonSplitter({
    arrayName: "items",
    maxItemBytes: MAX_POD_BYTES,
    onItem: (text) => onPod(parseJson(text)),
    onOversized,
  });
  const reading = { answerMs, idleMs, totalMs: pageMs };
  await connection.get(path, reading, { onBytes: (bytes) => splitter.write(bytes) });
  const list = asObject(parseJson(splitter.end()));
  if (list?.kind !== "PodList") throw new ApiFault("nonsense", "the answer is no PodList");
  return asObject(list.metadata) ?? {};
}
