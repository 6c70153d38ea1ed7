import type { PodView } from "./pod.ts";

/** Pods that ended have no address any more: the server neither lists them nor tells of them, but as deleted. */
const NOT_ENDED = "status.phase!=Succeeded,status.phase!=Failed";

/**
 * The field selector of a view. That of the node has pods that ended as well: one that ran for a second is told of with its
 * containers only when it has ended.
 *
 * @param nodeName - `null` when not known: then the view of the node has all pods
 */
export function selectorOf(view: PodView, nodeName: string | null): string {
  if (nodeName === null) return NOT_ENDED;
  return view === "node" ? `spec.nodeName=${nodeName}` : `spec.nodeName!=${nodeName},${NOT_ENDED}`;
}
