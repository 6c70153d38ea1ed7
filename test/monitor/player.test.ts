import assert from "node:assert/strict";
import { test } from "node:test";
import { type Played, Player } from "../../src/monitor/player.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";

/** Ten snapshots, a minute apart, so that only what is asked for moves. */
async function* record(count = 10, gapMs = 60_000): AsyncGenerator<Snapshot> {
  for (let index = 1; index <= count; index++) {
    const end = new Date(Date.UTC(2026, 0, 1) + index * gapMs).toISOString();
    yield createSnapshot({ end, host: `snapshot ${index}`, flows: [createFlow({ bytes_sent: index })] });
  }
}

function open(source: AsyncIterable<Snapshot>) {
  const stop = new AbortController();
  const player = new Player(source, (snapshot) => snapshot, stop.signal);
  return { player, played: player.play(), stop };
}

async function next(played: AsyncGenerator<Played>): Promise<string> {
  const { value } = await played.next();
  const names = (value as Played).snapshots.map(({ host }) => host.replace("snapshot ", ""));
  const { isAnew, position, count } = value as Played;
  return `${isAnew ? "anew " : ""}${names.join(" ")} at ${position} of ${count}`;
}

test("a recording steps on and back, as far as there is one, and stays at its end", async () => {
  const { player, played, stop } = open(record(3));
  assert.equal(await next(played), "1 at 1 of null");
  player.step(1);
  assert.equal(await next(played), "2 at 2 of null");
  player.step(1);
  assert.equal(await next(played), "3 at 3 of null");
  player.step(1);
  assert.equal(await next(played), " at 3 of 3", "the end is news");
  player.step(-1);
  assert.equal(await next(played), "anew 1 2 at 2 of 3");
  player.step(-1);
  player.step(-1);
  player.step(-1);
  assert.equal(await next(played), "anew 1 at 1 of 3");
  player.step(1);
  assert.equal(await next(played), "2 at 2 of 3");
  stop.abort();
  assert.equal((await played.next()).done, true);
});

test("it plays in the time in which it happened, by the speed, and not while it is paused", async () => {
  const { player, played, stop } = open(record(4));
  assert.equal(await next(played), "1 at 1 of null");
  const second = next(played);
  assert.equal(await Promise.race([second, turns(20)]), "nothing");
  player.setSpeed(1_000_000);
  assert.equal(await second, "2 at 2 of null");
  player.pause();
  const third = next(played);
  assert.equal(await Promise.race([third, turns(20)]), "nothing");
  player.resume();
  assert.equal(await third, "3 at 3 of null");
  stop.abort();
});

/** Other things have their turn so many times, and nothing came of it. */
async function turns(count: number): Promise<string> {
  for (let index = 0; index < count; index++) await new Promise((resolve) => setImmediate(resolve));
  return "nothing";
}

test("another question is answered at once, also while it is paused, from everything up to there", async () => {
  const { player, played, stop } = open(record());
  await next(played);
  player.step(1);
  await next(played);
  player.ask((snapshot) => ({ ...snapshot, host: `snapshot other ${snapshot.host.slice(9)}` }));
  assert.equal(await next(played), "anew other 1 other 2 at 2 of null");
  player.step(1);
  assert.equal(await next(played), "other 3 at 3 of null");
  const refuse = () =>
    player.ask(() => {
      throw new Error("no such tag");
    });
  assert.throws(refuse, /no such tag/);
  player.step(1);
  assert.equal(await next(played), "other 4 at 4 of null", "the question before holds");
  assert.equal(player.recorded?.host, "snapshot 4");
  stop.abort();
});

test("how many there are can be told before the end", async () => {
  const { player, played, stop } = open(record());
  await next(played);
  player.announce(10);
  assert.equal(await next(played), " at 1 of 10");
  stop.abort();
});

test("what cannot be read is thrown after what could be", async () => {
  async function* broken(): AsyncGenerator<Snapshot> {
    yield* record(1);
    throw new Error("line 2 is damaged");
  }
  const { played } = open(broken());
  assert.equal(await next(played), "1 at 1 of null");
  await assert.rejects(played.next(), /line 2 is damaged/);
});

test("a long recording is kept in part, and its places stay right", async () => {
  const { player, played, stop } = open(record(1000, 0));
  for (let index = 1; index <= 1000; index++) await next(played);
  assert.equal(await next(played), " at 1000 of 1000");
  player.step(-1);
  const { value } = await played.next();
  assert.equal((value as Played).position, 999);
  assert.equal((value as Played).snapshots.length, 599);
  assert.equal((value as Played).snapshots.at(-1)?.host, "snapshot 999");
  stop.abort();
});
