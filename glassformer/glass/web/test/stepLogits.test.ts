// A step's probabilities from all its logits, and from what a small record keeps of them: the one lies within the other.

import { describe, expect, it } from "vitest";
import { Graph } from "../src/graph";
import type { Candidate, Step, Tensor, Trace } from "../src/record";
import { allLogits, stepLogits } from "../src/views/stepLogits";

const LOGITS = [0.5, 4, -1, 2.5, 1, 0, 3, -2];
const sum = LOGITS.reduce((total, logit) => total + Math.exp(logit), 0);
const p = (id: number, t: number) => Math.exp(LOGITS[id] / t) / LOGITS.reduce((total, logit) => total + Math.exp(logit / t), 0);
const BEST = [1, 6, 3];

const candidate = (id: number): Candidate => ({
  id, piece: `${id}`, text: `${id}`, logit: LOGITS[id], log_prob: LOGITS[id] - Math.log(sum), probability: Math.exp(LOGITS[id]) / sum,
  rank: LOGITS.filter((one) => one > LOGITS[id]).length,
});
const step: Step = { step: 0, read: { id: 0, piece: "<s>", text: "<s>" }, chosen: candidate(6), candidates: BEST.map(candidate), entropy: 1, logsumexp: Math.log(sum) };

function graphWith(columns: number[] | null): Graph {
  const kept = (columns ?? LOGITS.map((_, id) => id)).map((id) => LOGITS[id]);
  const data = Buffer.from(Float64Array.from(kept).buffer).toString("base64");
  const base = { attributes: {}, axes: ["target", "vocabulary"], roles: null, shape: [1, LOGITS.length], dtype: "float64", columns, statistics: {} };
  const tensors = [
    { ...base, name: "logits", op: "input", operands: {}, label: "logits", data },
    { ...base, name: "log_probs", op: "log_softmax", operands: { x: "logits" }, label: "log p", data: null },
  ] as Tensor[];
  return new Graph({ tensors, axes: { vocabulary: { size: LOGITS.length } } } as unknown as Trace, "");
}

describe("the probabilities of a step", () => {
  it("are exact where all logits are carried", () => {
    const graph = graphWith(null);
    const row = stepLogits(graph, allLogits(graph), step);
    expect([row.exact, row.size, row.rank(6), row.best.slice(0, 3)]).toEqual([true, 8, 1, BEST]);
    for (const t of [0.1, 1, 3]) for (const id of LOGITS.keys()) expect(row.probability(id, t).least).toBeCloseTo(p(id, t), 12);
    expect(row.entropy(1)).toBeCloseTo(-LOGITS.reduce((total, _, id) => total + p(id, 1) * Math.log(p(id, 1)), 0), 12);
  });

  it("are exact at T = 1 and bounded elsewhere where only some are", () => {
    const row = stepLogits(new Graph({ tensors: [], axes: { vocabulary: { size: 8 } } } as unknown as Trace, ""), null, step);
    expect([row.exact, row.size, row.rank(6)]).toEqual([false, 8, 1]);
    for (const id of BEST) {
      expect(row.probability(id, 1).most).toBeCloseTo(p(id, 1), 12);
      for (const t of [0.1, 0.7, 1.5, 3]) {
        const { least, most } = row.probability(id, t);
        expect(least).toBeLessThanOrEqual(p(id, t) + 1e-12);
        expect(most).toBeGreaterThanOrEqual(p(id, t) - 1e-12);
      }
    }
    expect(row.entropy(2)).toBeNaN();
  });

  it("a logit kept for another step's sake narrows the bounds", () => {
    const width = (columns: number[]) => {
      const graph = graphWith(columns);
      const { least, most } = stepLogits(graph, null, step).probability(1, 3);
      return most - least;
    };
    expect(width([1, 3, 4, 6])).toBeLessThan(width([1, 3, 6]));
  });
});
