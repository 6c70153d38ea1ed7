/** Where an API is and what to go there with. */
export interface ApiEndpoint {
  /** `https://10.96.0.1:443`. To an `http:` one no token is sent. */
  readonly url: string;
  /** Read again for every request: Kubernetes replaces it every hour or so. `null`: go without. */
  readonly tokenFile: string | null;
  /** Whom to trust, read again for every connection. `null`: those that the system trusts. */
  readonly caFile: string | null;
  /** Trust anybody: whoever answers at that address gets the token. */
  readonly insecure: boolean;
}

/** What there is of Kubernetes around npmon. */
export interface KubernetesSettings {
  /** `null`: not known, or no token for it. */
  readonly api: ApiEndpoint | null;
  /** The node's own kubelet, asked when the API server does not answer. `null`: not known. */
  readonly kubelet: ApiEndpoint | null;
  /** The node that npmon runs on. `null`: not known; then all pods are followed as if they were on it. */
  readonly nodeName: string | null;
  /** Whether to follow the pods of other nodes as well, so that their addresses have names. */
  readonly scope: "node" | "cluster";
  /** What is missing here, a sentence for people; `null` when nothing is. */
  readonly problem: string | null;
}
