/** Who answers on a socket. Printable ASCII only. */
export interface EngineIdentity {
  readonly name: "Docker" | "Podman";
  /** `20.10.24+dfsg1`; null when the engine gave something else. */
  readonly version: string | null;
  /** Newest API version that it speaks: `1.41`. */
  readonly apiVersion: string;
}

/** How it stands with the engine that should listen on a socket. */
export type EngineState =
  /** Not answered yet. */
  | { readonly state: "asked" }
  /** No such socket: the engine is not installed or not running. */
  | { readonly state: "absent" }
  /** The socket is there but this user may not use it. */
  | { readonly state: "denied" }
  /** It answers. `trouble`: what does not work all the same, and what follows from that; null when nothing. */
  | { readonly state: "reachable"; readonly engine: EngineIdentity; readonly trouble: string | null }
  /** Something is there that does not do what an engine does. `engine`: who it said it was, if it ever did. */
  | { readonly state: "failing"; readonly reason: string; readonly engine: EngineIdentity | null };

export type SocketState = EngineState & {
  /** Path of the socket. */
  readonly socket: string;
};

export type EngineStatus = SocketState & {
  /** Questions about containers it was asked, repeats included. */
  readonly lookups: number;
  /** Events longer than npmon reads; what they told is not known. */
  readonly skippedEvents: number;
};
