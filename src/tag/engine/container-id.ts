const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** Only what looks like the whole id of a container may become part of a request. */
export function isContainerId(value: unknown): value is string {
  return typeof value === "string" && CONTAINER_ID.test(value);
}
