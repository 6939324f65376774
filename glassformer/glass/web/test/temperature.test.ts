import { describe, expect, it } from "vitest";
import { entropy, logSumExp, logSumExpRange, nucleus } from "../src/temperature";

const LOGITS = [3.1, 2.5, 1.2, 0.3, -0.4, -2, -2.2, -5];
const plain = (logits: number[], t: number) => Math.log(logits.reduce((sum, l) => sum + Math.exp(l / t), 0));

describe("temperature", () => {
  it("sums exponentials, large ones too", () => {
    for (const t of [0.3, 1, 2.5]) expect(logSumExp(LOGITS, t)).toBeCloseTo(plain(LOGITS, t), 12);
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.log(2), 12);
    expect(logSumExp([-Infinity, 0])).toBe(0);
  });

  it("an even choice among n has the entropy ln n, a sure one none", () => {
    expect(entropy([5, 5, 5, 5])).toBeCloseTo(Math.log(4), 12);
    expect(entropy([0, -Infinity])).toBe(0);
    expect(entropy([100, 0], 0.1)).toBeCloseTo(0, 12);
  });

  it("rises with the temperature towards that of an even choice", () => {
    const rising = [0.2, 0.5, 1, 2, 3, 1e6].map((t) => entropy(LOGITS, t));
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(rising[5]).toBeCloseTo(Math.log(LOGITS.length), 6);
  });

  it("the bounds hold the truth at every temperature, and are it at T = 1 or where nothing is hidden", () => {
    for (const known of [1, 2, 4, 7, 8]) {
      const kept = { logits: LOGITS.slice(0, known), logsumexp: plain(LOGITS, 1), hidden: LOGITS.length - known, ceiling: LOGITS[known - 1] };
      for (const t of [0.1, 0.5, 0.9, 1, 1.1, 2, 3]) {
        const { least, most } = logSumExpRange(kept, t);
        const truth = plain(LOGITS, t);
        expect(least).toBeLessThanOrEqual(truth + 1e-9);
        expect(most).toBeGreaterThanOrEqual(truth - 1e-9);
        if (t === 1 || known === 8) expect(most - least).toBeLessThan(1e-9);
      }
    }
  });

  it("the bounds are reached: by hidden logits that are all alike, and by one that is as high as it may be", () => {
    const [t, ceiling] = [2, 1];
    for (const hidden of [[0.2, 0.2, 0.2], [1, -Infinity, -Infinity]]) {
      const all = [2, ceiling, ...hidden];
      const { least, most } = logSumExpRange({ logits: [2, ceiling], logsumexp: plain(all, 1), hidden: 3, ceiling }, t);
      expect(Math.min(Math.abs(least - plain(all, t)), Math.abs(most - plain(all, t)))).toBeLessThan(1e-9);
    }
  });

  it("top-p keeps the fewest that reach p", () => {
    expect(nucleus([0.5, 0.3, 0.2], 0.5)).toBe(1);
    expect(nucleus([0.5, 0.3, 0.2], 0.51)).toBe(2);
    expect(nucleus([0.5, 0.25, 0.25], 1)).toBe(3);
  });
});
