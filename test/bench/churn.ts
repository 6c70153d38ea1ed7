import { readFileSync } from "node:fs";
import { buildTraffic, startServer } from "../traffic/traffic.ts";
import { BESIDE_NOTE, besideColumns, besideRows, besideStanding, measureBeside } from "./beside.ts";
import { costOf } from "./cost.ts";
import { nethogs, PER_CALL_HOOKS, tcpdump } from "./peers.ts";
import { sumOf } from "./spread.ts";
import type { Table } from "./table.ts";

const BLOCKS = 5;
/** Some two seconds of them, so that a sample has about as many of npmon's ticks as any other. */
const CONNECTIONS = 40_000;
const SOURCES = 100;
const SECOND_MS = 1_000;
const NS_PER_MS = 1e6;
const AIM = 0.97;
/** For a watcher's first seconds, in which it compiles itself. */
const WARM_UPS = 3;

/** Connections a second, one after the other as fast as two clients and two servers make them. */
export async function measureChurn(): Promise<readonly Table[]> {
  await using server = await startServer({ address: "0.0.0.0", workers: 2 });
  const target = `127.0.0.1:${server.port}`;
  const parameters = ["--connections", CONNECTIONS, "--parallel", 2, "--sources", SOURCES].map(String);
  const churn = [buildTraffic(), "churn", "--to", target, ...parameters];
  const sample = async () => {
    const before = sumOf(server.pids.map(cpuMs));
    const [client] = await costOf(1, churn);
    if (client === undefined) throw new Error("the client was not measured");
    const serverMs = sumOf(server.pids.map(cpuMs)) - before;
    return {
      perSecond: (CONNECTIONS / client.wallMs) * SECOND_MS,
      perCpuSecond: (CONNECTIONS / (client.userMs + client.kernelMs + serverMs)) * SECOND_MS,
    };
  };
  const load = { name: "some 64 bytes each way, both ends on this host", sample };
  const peers = [tcpdump("lo"), PER_CALL_HOOKS, nethogs("lo")];
  const { results, absent } = await measureBeside(BLOCKS, peers, [load], WARM_UPS);
  return [
    {
      title: `churn: connections a second, with nobody watching and beside npmon and its peers (aim: at least ${AIM})`,
      columns: besideColumns("connections a second"),
      rows: results.flatMap(besideRows),
      notes: [
        BESIDE_NOTE,
        `Each sample is ${CONNECTIONS} connections. CPU time is that of clients and servers together.`,
        `Each watcher has seen ${WARM_UPS * CONNECTIONS} connections before.`,
        ...absent,
      ],
      standings: results.map((result) => besideStanding("churn", AIM, result)),
    },
  ];
}

/** CPU time of a process of one thread, exact. */
function cpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / NS_PER_MS;
}
