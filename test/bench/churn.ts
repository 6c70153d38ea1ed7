import { readFileSync } from "node:fs";
import { buildTraffic, startServer } from "../traffic/traffic.ts";
import { costOf } from "./cost.ts";
import { measureOffOn, OFF_ON_NOTE, offOnColumns, offOnRows, type Side, startOffOn } from "./off-on.ts";
import { sumOf } from "./spread.ts";
import type { Table } from "./table.ts";

const BLOCKS = 5;
const CONNECTIONS = 6_000;
const SOURCES = 100;
const SECOND_MS = 1_000;
const NS_PER_MS = 1e6;

/** Connections a second, one after the other as fast as two clients and two servers make them. */
export async function measureChurn(): Promise<readonly Table[]> {
  await using server = await startServer({ address: "0.0.0.0", workers: 2 });
  const target = `127.0.0.1:${server.port}`;
  const parameters = ["--connections", CONNECTIONS, "--parallel", 2, "--sources", SOURCES].map(String);
  const churn = [buildTraffic(), "churn", "--to", target, ...parameters];
  const rates = startOffOn("some 64 bytes each way, both ends on this host");
  const sample = async (side: Side) => {
    const before = sumOf(server.pids.map(cpuMs));
    const [client] = await costOf(1, churn);
    if (client === undefined) throw new Error("the client was not measured");
    const serverMs = sumOf(server.pids.map(cpuMs)) - before;
    rates[side].push({
      perSecond: (CONNECTIONS / client.wallMs) * SECOND_MS,
      perCpuSecond: (CONNECTIONS / (client.userMs + client.kernelMs + serverMs)) * SECOND_MS,
    });
  };
  await measureOffOn(BLOCKS, [sample]);
  return [
    {
      title: "churn: connections a second, without npmon and beside `npmon top -b -d 1` (aim: above 0.97)",
      columns: offOnColumns("connections a second"),
      rows: offOnRows(rates),
      notes: [
        OFF_ON_NOTE,
        `Each sample is ${CONNECTIONS} connections. CPU time is that of clients and servers together.`,
      ],
    },
  ];
}

/** CPU time of a process of one thread, exact. */
function cpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / NS_PER_MS;
}
