import { runChurn, startServer } from "../traffic/traffic.ts";
import { pause } from "./crowd.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { readResident, residentCells } from "./resident.ts";
import type { Cell } from "./table.ts";

/** npmon's default. */
const CAPACITY = 65_536;
/** An hour of a tick a second. */
const TICKS = 3_600;
/** An hour of fifty connections a second. */
const CONNECTIONS = 180_000;
const PARTS = 36;
/** Programs that come and go in a part. */
const PROCESSES = 4;
const QUARTERS = 4;
/** While connections come and go; the rest of a part's ticks find nothing. */
const TICK_EVERY_MS = 10;
/** For the collector to give back what is free. */
const SETTLE_MS = 300;
const MIB = 2 ** 20;

/** What npmon holds after each quarter. */
export interface Quarter {
  readonly connections: number;
  readonly ticks: number;
  readonly residentMib: number;
  readonly cells: readonly Cell[];
}

/** An hour of connections that come and go, as fast as they go, with the ticks of an hour. */
export async function measureHour(): Promise<readonly Quarter[]> {
  await using server = await startServer({ workers: 2 });
  await using monitor = await MonitorProcess.open({ capacity: CAPACITY });
  const quarters: Quarter[] = [];
  let ticks = 0;
  for (let part = 1; part <= PARTS; part++) {
    const until = Math.round((TICKS * part) / PARTS);
    let isOver = false;
    const churning = churn(server.target, part).finally(() => {
      isOver = true;
    });
    while (!isOver && ticks < until) {
      await pause(TICK_EVERY_MS);
      await monitor.poll();
      await monitor.tick();
      ticks++;
    }
    await churning;
    if (ticks < until) await monitor.tick(until - ticks);
    ticks = until;
    if (part % (PARTS / QUARTERS) !== 0) continue;
    const { heapUsedBytes } = await monitor.memory();
    await pause(SETTLE_MS);
    const resident = readResident(monitor.pid);
    if (resident === null) throw new Error("the monitor has ended");
    quarters.push({
      connections: (CONNECTIONS * part) / PARTS,
      ticks,
      residentMib: resident.total / MIB,
      cells: [...residentCells(resident), heapUsedBytes / MIB],
    });
  }
  return quarters;
}

async function churn(to: string, seed: number): Promise<void> {
  const connections = CONNECTIONS / PARTS / PROCESSES;
  const clients = Array.from({ length: PROCESSES }, (_, index) =>
    runChurn({ to, connections, seed: seed * PROCESSES + index, sources: 100 }),
  );
  await Promise.all(clients);
}
