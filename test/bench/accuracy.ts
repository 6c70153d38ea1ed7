import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { NPMON } from "../commands/npmon.ts";
import { runClient, startServer } from "../traffic/traffic.ts";
import { pause } from "./crowd.ts";
import { iftop, nethogs } from "./peers.ts";
import { spreadOf, sumOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";
import { Watcher, type WatcherProgram } from "./watcher.ts";
import { Wire, type WireTotals } from "./wire.ts";

const ROUNDS = 2;
const CLIENTS = 4;
const CONNECTIONS = 10_000;
const SEND_BYTES = [1, 1_000] as const;
const RECEIVE_BYTES = [1, 2_000] as const;
/** For the last connections to end, and for a watcher to show its next figures: iftop takes seconds to sort so many. */
const SHOW_MS = 10_000;
/** In the kernel's count of bytes and in nethogs's, and not in iftop's. */
const ETHERNET_HEADER = 14;
const KIB = 1024;

/** By process, what it moved. */
interface Moved {
  readonly sent: number;
  readonly received: number;
}

interface Truth {
  /** Clients and servers. */
  readonly processes: ReadonlyMap<number, Moved>;
  readonly clients: ReadonlySet<number>;
  readonly wire: WireTotals;
}

/** Bytes: those that there were to see, those that were shown, and those that were shown with the process that moved them. */
interface Seen {
  readonly there: number;
  readonly shown: number;
  /** `null` for who knows no processes. */
  readonly attributed: number | null;
  /** Of npmon: every process's bytes equal what it counted itself, each way. */
  readonly exact: boolean | null;
  /** Of npmon: connections that it says it has not counted. */
  readonly lost: number | null;
}

interface Sample extends Seen {
  readonly perSecond: number;
  readonly cpuMs: number;
}

interface Contender {
  readonly program: WatcherProgram;
  readonly counts: string;
  judge(output: string, truth: Truth): Seen;
}

const NPMON_EXPORT: WatcherProgram = {
  name: "npmon",
  command: [
    ...[process.execPath, NPMON, "export", "--json", "-d", "1", "-c", "1000"],
    ...["-g", "source.pid,source.process", "-f", "source.ip:192.0.2.0/24"],
  ],
  ready: /^npmon: tracing/m,
};

const CONTENDERS: readonly Contender[] = [
  { program: NPMON_EXPORT, counts: "payload, both ends", judge: judgeNpmon },
  { program: nethogs("eth0"), counts: "packets, the clients' end", judge: judgeNethogs },
  { program: iftop("eth0"), counts: "packets, the clients' end", judge: judgeIftop },
];

/** Whether what is shown is what happened, when connections come and go as fast as the machine makes them. */
export async function measureAccuracy(): Promise<readonly Table[]> {
  const samples = new Map<Contender, Sample[]>(CONTENDERS.map((contender) => [contender, []]));
  const absent = new Map<Contender, string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [contender, taken] of samples) {
      if (absent.has(contender)) continue;
      try {
        taken.push(await measureOne(contender));
      } catch (error) {
        if (contender.program === NPMON_EXPORT) throw error;
        absent.set(contender, String(error).split("\n")[0] ?? "");
      }
    }
  }
  const present = CONTENDERS.filter((contender) => !absent.has(contender));
  const rates = [...samples.values()].flat().map(({ perSecond }) => perSecond);
  const cells = (pick: (sample: Sample) => number | null): Record<string, Cell> =>
    Object.fromEntries(
      CONTENDERS.map((contender) => [
        contender.program.name,
        spreadOrNull(samples.get(contender) ?? [], pick),
      ]),
    );
  const standing = (what: string, { npmon = null, ...peers }: Record<string, Cell>) => ({
    topic: "accuracy under load" as const,
    measure: `% of bytes ${what}, ${Math.round(spreadOf(rates).median).toLocaleString("en")} connections a second`,
    npmon,
    peers,
    aim: { of: "npmon", bound: "at least", value: 100 } as const,
  });
  return [
    {
      title: `accuracy: ${(CLIENTS * CONNECTIONS).toLocaleString("en")} short connections of ${CLIENTS} processes over a veth pair, as fast as they go (aim: 100 %)`,
      columns: [
        "who",
        "counts",
        "% of bytes shown",
        "% shown with their process",
        "exact to the byte",
        "said to be lost",
        "connections a second",
        "CPU ms per 1,000 connections",
      ],
      rows: present.map((contender) => rowOf(contender, samples.get(contender) ?? [])),
      notes: [
        `Each connection sends ${SEND_BYTES.join("–")} and receives ${RECEIVE_BYTES.join("–")} bytes. Who watches does so alone, in turn, in namespaces that nobody used before.`,
        "npmon is held against what the programs at both ends counted themselves, process by process. nethogs and iftop count packets with their headers, so they are held against what the kernel counted at the interface; a byte is nethogs's with its process when it stands in the line of any of the clients.",
        `Figures are the last that were shown ${SHOW_MS / 1000} s after the end of the traffic: sums since the start, which nethogs and iftop (its "cumulative") show beside their rates.`,
        "iftop knows no processes.",
        ...[...absent].map(([{ program }, why]) => `No ${program.name} here: ${why}.`),
      ],
      standings: [
        standing(
          "shown",
          cells(({ shown, there }) => (100 * shown) / there),
        ),
        standing(
          "shown with the right process",
          cells(({ attributed, there }) => (attributed === null ? null : (100 * attributed) / there)),
        ),
      ],
    },
  ];
}

async function measureOne({ program, judge }: Contender): Promise<Sample> {
  await using wire = await Wire.open();
  const { client, server } = wire;
  // each client has its own, so that none has to search for a free port
  const servers = await Promise.all(
    Array.from({ length: CLIENTS }, () => startServer({ within: server.within, address: server.address })),
  );
  await using watcher = await Watcher.start(program, program === NPMON_EXPORT ? [] : client.within);
  const before = wire.totals();
  const started = performance.now();
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) =>
      runClient({
        within: client.within,
        to: servers[index]?.target ?? "",
        connections: CONNECTIONS,
        sendBytes: SEND_BYTES,
        receiveBytes: RECEIVE_BYTES,
        seed: index + 1,
      }),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  const served = await Promise.all(servers.map((one) => one.stop()));
  await pause(SHOW_MS);
  const cpuMs = watcher.cpuMs();
  const after = wire.totals();
  const failed = sumOf(clients.map((totals) => totals.failed));
  if (failed > 0) throw new Error(`${failed} connections failed: ${clients[0]?.first_error}`);
  const truth: Truth = {
    processes: new Map(
      [...clients, ...served].map((totals) => [
        totals.pid,
        { sent: totals.bytes_sent, received: totals.bytes_received },
      ]),
    ),
    clients: new Set(clients.map(({ pid }) => pid)),
    wire: { bytes: after.bytes - before.bytes, packets: after.packets - before.packets },
  };
  return {
    ...judge(await watcher.stop(), truth),
    perSecond: (CLIENTS * CONNECTIONS) / seconds,
    cpuMs,
  };
}

/** Lines of snapshots. */
function judgeNpmon(output: string, { processes }: Truth): Seen {
  const sums = new Map<number, Moved>();
  let shown = 0;
  let lost = 0;
  for (const line of output.split("\n").filter((text) => text.startsWith("{"))) {
    const snapshot: Snapshot = JSON.parse(line);
    lost += snapshot.probe.lost;
    for (const { source, bytes_sent, bytes_received } of snapshot.flows) {
      shown += bytes_sent + bytes_received;
      if (source?.process !== "traffic") continue;
      const pid = Number(source.pid);
      const { sent, received } = sums.get(pid) ?? { sent: 0, received: 0 };
      sums.set(pid, { sent: sent + bytes_sent, received: received + bytes_received });
    }
  }
  let there = 0;
  let attributed = 0;
  let exact = true;
  for (const [pid, { sent, received }] of processes) {
    const sum = sums.get(pid) ?? { sent: 0, received: 0 };
    there += sent + received;
    attributed += Math.min(sum.sent, sent) + Math.min(sum.received, received);
    exact &&= sum.sent === sent && sum.received === received;
  }
  return { there, shown, attributed, lost, exact: exact && shown === there };
}

/** `NAME/PID/UID <tab> sent <tab> received` for each process, again at each refresh; a process may leave the list. */
function judgeNethogs(output: string, { clients, wire }: Truth): Seen {
  const latest = new Map<string, number>();
  for (const [, process = "", sent, received] of output.matchAll(/^(\S.*)\t(\S+)\t(\S+)$/gm)) {
    latest.set(process, Number(sent) + Number(received));
  }
  const own = [...latest].filter(([process]) => clients.has(Number(/\/(\d+)\/\d+$/.exec(process)?.[1])));
  return {
    there: wire.bytes,
    shown: sumOf([...latest.values()]),
    attributed: sumOf(own.map(([, bytes]) => bytes)),
    exact: null,
    lost: null,
  };
}

/** `Cumulative (sent/received/total): 10.0MB 14.4MB 24.4MB`, in units of 1,024. */
function judgeIftop(output: string, { wire }: Truth): Seen {
  const total = [...output.matchAll(/^Cumulative .*\s([\d.]+)([KMG]?)B$/gm)].at(-1);
  const [, number = "0", unit = ""] = total ?? [];
  return {
    there: wire.bytes - wire.packets * ETHERNET_HEADER,
    shown: Number(number) * KIB ** ["", "K", "M", "G"].indexOf(unit),
    attributed: null,
    exact: null,
    lost: null,
  };
}

function rowOf({ program, counts }: Contender, samples: readonly Sample[]): Cell[] {
  const exact = samples.filter((sample) => sample.exact).length;
  return [
    program.name,
    counts,
    spreadOrNull(samples, ({ shown, there }) => (100 * shown) / there),
    spreadOrNull(samples, ({ attributed, there }) =>
      attributed === null ? null : (100 * attributed) / there,
    ),
    program === NPMON_EXPORT ? `${exact} of ${samples.length} runs` : null,
    spreadOrNull(samples, ({ lost }) => lost),
    spreadOrNull(samples, ({ perSecond }) => perSecond),
    spreadOrNull(samples, ({ cpuMs }) => (cpuMs * 1000) / (CLIENTS * CONNECTIONS)),
  ];
}

function spreadOrNull(samples: readonly Sample[], pick: (sample: Sample) => number | null): Cell {
  const values = samples.map(pick).filter((value) => value !== null);
  return values.length === 0 ? null : spreadOf(values);
}
