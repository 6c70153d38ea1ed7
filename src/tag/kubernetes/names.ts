/** Forms that Kubernetes gives its names; what has another form was not made by an API server. */

/** Names of pods and nodes: DNS subdomains (RFC 1123), at most 253 characters. Namespaces are a special case of them. */
export const NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
export const MAX_NAME = 253;

/** Owners can be of any kind, also of kinds whose names are only path segments (`system:node`). */
export const OWNER_NAME = /^[A-Za-z0-9][-A-Za-z0-9_.:]*$/;
export const KIND = /^[A-Za-z][A-Za-z0-9]*$/;
export const MAX_KIND = 63;

/** `prefix/name`, the prefix a DNS subdomain. */
export const LABEL_KEY =
  /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
export const MAX_LABEL_KEY = 253 + 1 + 63;
export const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
export const MAX_LABEL_VALUE = 63;

/** UUIDs, and the hashes that static pods have. */
export const UID = /^[0-9a-f][-0-9a-f]*$/;
export const MAX_UID = 64;

/** `registry:port/path:tag@digest`; printable, without spaces. */
export const IMAGE = /^[\x21-\x7e]+$/;
export const MAX_IMAGE = 512;

/** `containerd://ID`, `docker://ID`, `cri-o://ID`. */
export const CONTAINER_ID = /^[a-z][-a-z0-9]*:\/\/[0-9a-f]{64}$/;
export const MAX_CONTAINER_ID = 100;

/** Opaque to clients. */
export const RESOURCE_VERSION = /^[\x21-\x7e]+$/;
export const MAX_RESOURCE_VERSION = 128;
