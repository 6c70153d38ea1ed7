import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Claimant, IpClaims } from "../../../src/tag/kubernetes/ip-claims.ts";

const IP = "10.244.1.7";

function pod(startedMs: number, terminating = false): Claimant {
  return { startedMs, terminating };
}

describe("IpClaims", () => {
  it("gives an address to whoever claims it, until it is released", () => {
    const claims = new IpClaims();
    const a = pod(1);
    assert.equal(claims.holderOf(IP), null);
    assert.equal(claims.claim(IP, a), true);
    assert.equal(claims.claim(IP, a), false);
    assert.equal(claims.holderOf(IP), a);
    assert.equal(claims.release(IP, a), true);
    assert.equal(claims.release(IP, a), false);
    assert.equal(claims.holderOf(IP), null);
    assert.equal(claims.size, 0);
  });

  it("gives it to the pod that started last, whichever came first", () => {
    const [older, newer] = [pod(1), pod(2)];
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const claims = new IpClaims();
      for (const claimant of order) claims.claim(IP, claimant);
      assert.equal(claims.holderOf(IP), newer);
      assert.equal(claims.release(IP, newer), true);
      assert.equal(claims.holderOf(IP), older);
    }
  });

  it("gives it to a pod that is ending only when nobody else wants it", () => {
    const [ending, other] = [pod(2, true), pod(1)];
    const claims = new IpClaims();
    claims.claim(IP, ending);
    assert.equal(claims.holderOf(IP), ending);
    claims.claim(IP, other);
    assert.equal(claims.holderOf(IP), other);
    assert.equal(claims.release(IP, ending), false);
    assert.equal(claims.holderOf(IP), other);
  });

  it("answers by who claims it, in whatever order that came about", () => {
    const claimant = fc.record({ startedMs: fc.integer({ min: 0, max: 1e6 }), terminating: fc.boolean() });
    const pods = fc.uniqueArray(claimant, { maxLength: 10, selector: ({ startedMs }) => startedMs });
    fc.assert(
      fc.property(pods, fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 60 }), (all, steps) => {
        const claims = new IpClaims<Claimant>();
        const claiming = new Set<Claimant>();
        for (const [index, isClaim] of steps) {
          const one = all[index];
          if (one === undefined) continue;
          if (isClaim) claims.claim(IP, one);
          else claims.release(IP, one);
          if (isClaim) claiming.add(one);
          else claiming.delete(one);
          const [strongest = null] = [...claiming].sort(
            (a, b) => Number(a.terminating) - Number(b.terminating) || b.startedMs - a.startedMs,
          );
          assert.equal(claims.holderOf(IP), strongest);
        }
      }),
    );
  });

  it("does not drown in pods that all claim one address", () => {
    const claims = new IpClaims<Claimant>();
    const pods = Array.from({ length: 20_000 }, (_, index) => pod(index));
    for (const one of pods) claims.claim(IP, one);
    assert.equal(claims.holderOf(IP), pods.at(-1));
    for (const one of pods.reverse()) claims.release(IP, one);
    assert.equal(claims.holderOf(IP), null);
  });
});
