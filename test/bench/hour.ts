import { runChurn, startServer } from "../traffic/traffic.ts";
import { pause } from "./crowd.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { type Resident, readResident } from "./resident.ts";

/** npmon's default. */
const CAPACITY = 65_536;
/** An hour of a tick a second; npmon takes each to be a second later, so that it forgets as it does in an hour. */
const TICKS = 3_600;
const TICK_PASSES_MS = 1_000;
/** An hour of fifty connections a second. */
const CONNECTIONS = 180_000;
const PARTS = 36;
/** Programs that come and go in a part. */
const PROCESSES = 4;
/** Parts between two looks: five minutes. */
const LOOK_EVERY = 3;
/** While connections come and go; the rest of a part's ticks find nothing. */
const TICK_EVERY_MS = 10;

/** What npmon holds at some time of the hour. */
export interface Look {
  /** Of the hour, 0..60. */
  readonly minutes: number;
  readonly connections: number;
  /** As it stands, with what npmon has not collected yet. */
  readonly resident: Resident;
  /** Of V8, as it stands. */
  readonly heapBytes: number;
  /** Of that in use, as a garbage collection shows. */
  readonly heapUsedBytes: number;
}

/** An hour of connections that come and go, as fast as they go, with the ticks of an hour. Twelve looks. */
export async function measureHour(): Promise<readonly Look[]> {
  await using server = await startServer({ workers: 2 });
  await using monitor = await MonitorProcess.open({ capacity: CAPACITY });
  const looks: Look[] = [];
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
      await monitor.tick(1, "more", TICK_PASSES_MS);
      ticks++;
    }
    await churning;
    if (ticks < until) await monitor.tick(until - ticks, "more", TICK_PASSES_MS);
    ticks = until;
    if (part % LOOK_EVERY !== 0) continue;
    const resident = readResident(monitor.pid);
    if (resident === null) throw new Error("the monitor has ended");
    const connections = (CONNECTIONS * part) / PARTS;
    looks.push({ minutes: (60 * part) / PARTS, connections, resident, ...(await monitor.memory()) });
  }
  return looks;
}

async function churn(to: string, seed: number): Promise<void> {
  const connections = CONNECTIONS / PARTS / PROCESSES;
  const clients = Array.from({ length: PROCESSES }, (_, index) =>
    runChurn({ to, connections, seed: seed * PROCESSES + index, sources: 100 }),
  );
  await Promise.all(clients);
}
