/** What completion needs of `oclif.manifest.json`, which the build writes from the commands themselves. */
export interface Manifest {
  readonly commands: Readonly<Record<string, ManifestCommand>>;
}

export interface ManifestCommand {
  readonly summary?: string;
  readonly hidden?: boolean;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
  readonly args?: Readonly<Record<string, { readonly options?: readonly string[] }>>;
}

export interface ManifestFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: "boolean" | "option";
  readonly summary?: string;
  readonly hidden?: boolean;
  readonly multiple?: boolean;
  /** All values that the flag takes. */
  readonly options?: readonly string[];
  /** What the help calls its value; see `placeOfValue` in command-line.ts. */
  readonly helpValue?: string;
  /** Flags that cannot be there with this one. */
  readonly exclusive?: readonly string[];
}
