import * as z from "zod";
import { PROBE_CHOICES } from "../probe/open.ts";
import { UNITS } from "../view/format.ts";
import { choice, duration, flag, MISFIT, optionalText, size, text } from "./field.ts";
import { block, key } from "./key.ts";
import { cidrsSchema, rulesSchema, subnetsSchema } from "./tag-rules.ts";

const DAY_MS = 86_400_000;
const YEARS = { minMs: 60_000, maxMs: 3650 * DAY_MS, words: "1m to 3650d" } as const;

const FOLDER = "the path of a folder";

const headerValue = key(
  z
    .string()
    .max(4096)
    .regex(/^[\t\x20-\x7e]*$/),
  { expects: "the value of an HTTP header", type: "text", help: "", isSecret: true },
);

const header = key(z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), headerValue), {
  expects: "a map from name to value of HTTP headers",
  type: "map",
  help: "HTTP headers sent along.",
});

/** What a password in it would be is a token's business. */
function isUrl(text: string): boolean {
  if (text === "-" || /^file:.+/.test(text)) return true;
  return /^https?:\/\/[^\s@]+$/i.test(text) && URL.canParse(text);
}

const url = key(z.string().refine(isUrl), {
  expects: "an address such as https://intake.example:8474",
  type: "URL",
  help: "Where an intake listens; file:PATH appends to a file, - writes to standard output.",
});

const destination = key(
  z.strictObject({
    url,
    token: key(z.string().min(1).max(4096).optional(), {
      expects: "a text",
      type: "text",
      help: "What the intake knows this host by.",
      isSecret: true,
    }),
    token_file: key(z.string().min(1).optional(), {
      expects: "the path of a file",
      type: "text",
      help: "File that holds the token.",
    }),
    ca_file: key(z.string().min(1).optional(), {
      expects: "the path of a PEM file",
      type: "text",
      help: "Certificate that the intake's is to be signed by.",
    }),
    headers: header.optional(),
  }),
  {
    expects: "no key but url, token, token_file, ca_file, headers",
    type: "map",
    help: "",
  },
);

const urlOrMore = key(z.union([url, destination]), {
  expects: "a URL such as https://intake.example:8474, or {url: …, token_file: …, ca_file: …, headers: …}",
  type: "URL",
  help: "",
});

/** A comma list of URLs, one URL, or a list of URLs and of maps that say more of each. */
const destinations = key(
  z
    .union([z.string(), z.array(urlOrMore)])
    .transform((value, context) => {
      const items = typeof value === "string" ? value.split(",").map((item) => item.trim()) : value;
      return items.flatMap((item) => {
        if (typeof item !== "string") return [item];
        if (item === "" || url.safeParse(item).success) return item === "" ? [] : [{ url: item }];
        context.addIssue({ code: "custom", message: MISFIT });
        return [];
      });
    })
    .prefault([]),
  {
    expects: "a list of intakes, each a URL such as https://intake.example:8474 or {url: …}",
    type: "list",
    help: "Intakes that `npmon forward` sends every snapshot to.",
    example: "[https://intake.example:8474]",
  },
);

/** npmon's own keys. Each that is no map or list can also be set by a variable, `NPMON_FORWARD_SPOOL_DIR`. */
export const NPMON = block("npmon's own keys.", {
  group_by: key(z.string().prefault("service"), {
    expects: "tags such as service, source.process,destination.port, or flow",
    type: "tags",
    help: "Tags that make a row, where -g does not say.",
  }),
  interval: duration("5m", undefined, {
    help: "Time that a snapshot of `npmon forward` covers; `top` and `export` have -d.",
  }),
  probe: choice(PROBE_CHOICES, "auto", { help: "Kernel mechanism to use." }),
  units: choice(UNITS, "auto", { help: "How tables write amounts: KiB and MiB, kbit/s, or exact bytes." }),
  resolve: flag(true, { help: "Look up names for addresses." }),
  host_proc: text("/proc", "the path of a mounted procfs", {
    help: "Where the host's procfs is mounted; /host/proc in many containers.",
    environment: "HOST_PROC",
  }),
  container_sockets: key(z.array(z.string().min(1)).nullable().prefault(null), {
    expects: "a list of paths, or [] to ask no engine",
    type: "list",
    help: "Sockets of container engines to ask for names.",
    defaultWords: "where engines have them",
    example: "[/run/docker.sock]",
  }),
  subnets: subnetsSchema,
  tags: block("Tags of your own.", {
    rules: rulesSchema,
    cidrs: cidrsSchema,
    cidrs_file: optionalText("the path of a CSV or YAML file", {
      help: "File of more such networks: CSV with a line of names, the first of them `cidr`, or YAML as in `cidrs`.",
      defaultWords: "none",
      example: "/etc/npmon/cidrs.csv",
    }),
  }),
  kubernetes: block("Where names of pods come from.", {
    enabled: choice(["auto", "always", "never"], "auto", {
      help: "Ask Kubernetes for names; auto: where npmon runs in a pod or NODE_NAME is set.",
    }),
    node_name: optionalText("the name of a node", {
      help: "Name of the node that npmon runs on.",
      defaultWords: "the variable NODE_NAME",
      environment: "NODE_NAME",
      example: "worker-1",
    }),
    scope: choice(["cluster", "node"], "cluster", {
      help: "Whose pods to know: all of the cluster, or only those of this node.",
    }),
    api: optionalText("a URL such as https://10.96.0.1", {
      help: "Address of the API server.",
      defaultWords: "the one of the cluster that npmon runs in",
      example: "https://10.96.0.1",
    }),
    token_file: optionalText("the path of a file", {
      help: "File with the token to show.",
      defaultWords: "that of the pod that npmon runs in",
      example: "/etc/npmon/kubernetes-token",
    }),
    ca: optionalText("the path of a PEM file", {
      help: "Certificate that the API server's is to be signed by.",
      defaultWords: "that of the pod that npmon runs in",
      example: "/etc/npmon/kubernetes-ca.crt",
    }),
    kubelet_host: optionalText("the name or address of a host", {
      help: "Where the kubelet is asked, on port 10250, when the API server is not.",
      defaultWords: "the variable HOST_IP",
      environment: "HOST_IP",
      example: "192.0.2.1",
    }),
    kubelet_ca: optionalText("the path of a PEM file", {
      help: "Certificate that the kubelet's is to be signed by.",
      defaultWords: "as of the API server",
      environment: "NPMON_KUBELET_CA",
      example: "/etc/npmon/kubelet-ca.crt",
    }),
    kubelet_insecure: flag(false, {
      help: "Do not check the kubelet's certificate: whoever answers there gets the token.",
      environment: "NPMON_KUBELET_INSECURE",
    }),
  }),
  forward: block("Where `npmon forward` sends snapshots.", {
    health: text("", "an address and port such as 127.0.0.1:5555, or nothing", {
      help: "Address and port that answer /health, for whoever watches the process; none when it is empty.",
    }),
    to: destinations,
    token: optionalText("a text", {
      help: "What the intakes know this host by, where they have no token of their own above.",
      defaultWords: "none",
      isSecret: true,
      example: '""',
    }),
    token_file: optionalText("the path of a file", {
      help: "File that holds the token: better than here, where everybody may read it.",
      defaultWords: "none",
      example: "/etc/npmon/token",
    }),
    ca_file: optionalText("the path of a PEM file", {
      help: "Certificate that the intakes' are to be signed by.",
      defaultWords: "those that Node knows",
      example: "/etc/npmon/ca.pem",
    }),
    headers: key(header.prefault({}), {
      expects: "a map from name to value of HTTP headers",
      type: "map",
      help: "HTTP headers sent along.",
      example: "{X-Team: network}",
    }),
    spool_dir: text("/var/lib/npmon/spool", FOLDER, {
      help: "Folder where snapshots wait while no intake takes them.",
    }),
    spool_max_size: size("1GiB", {
      help: "Beyond this the oldest of them are dropped, and it is said how many.",
    }),
    spool_max_age: duration("5d", YEARS, { help: "Older ones are dropped." }),
  }),
  intake: block("How `npmon intake` receives and keeps snapshots.", {
    listen: text("127.0.0.1:8474", "an address and port such as 0.0.0.0:8474", {
      help: "Address and port to listen on.",
    }),
    data: text("/var/lib/npmon/data", FOLDER, { help: "Folder where they are kept." }),
    retention: duration("5d", YEARS, { help: "How long they are kept." }),
    max_request_size: size("32MiB", { help: "Larger requests are refused." }),
    token: optionalText("a text", {
      help: "What senders have to show.",
      defaultWords: "none: everybody may send",
      isSecret: true,
      example: '""',
    }),
    token_file: optionalText("the path of a file", {
      help: "File that holds the token.",
      defaultWords: "none",
      example: "/etc/npmon/token",
    }),
    cert_file: optionalText("the path of a PEM file", {
      help: "Certificate to show; with it the intake speaks HTTPS.",
      defaultWords: "none",
      example: "/etc/npmon/cert.pem",
    }),
    key_file: optionalText("the path of a PEM file", {
      help: "Key of the certificate.",
      defaultWords: "none",
      example: "/etc/npmon/key.pem",
    }),
  }),
});
