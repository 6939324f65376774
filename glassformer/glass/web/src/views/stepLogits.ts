// The logits of one step, as far as they are known: all of them where the page can compute them, else what the record keeps.

import type { Graph } from "../graph";
import { evaluate } from "../ops";
import type { Step } from "../record";
import { last, type Numbers } from "../shapes";
import { rowOf } from "../vectors";
import { outputs } from "./decoding/output";
import { entropy, logSumExp, logSumExpRange, type Kept, type Range } from "../temperature";


/** All logits of all steps; null where the record keeps only some, and not the weights to compute the rest. */
export function allLogits(graph: Graph): Numbers | null {
  const name = outputs(graph)?.logits;
  if (!name) return null;
  const { columns, dtype } = graph.tensor(name);
  return columns === null || graph.isChanged(name) ? graph.values(name) : evaluate(graph.node(name), dtype === "float64");
}

export interface StepLogits {
  readonly exact: boolean; // all logits are known
  readonly size: number; // of the vocabulary
  readonly best: readonly number[]; // ids, the likeliest first
  logit(id: number): number;
  /** Between which bounds the probability of an id lies at a temperature. */
  probability(id: number, temperature: number): Range;
  entropy(temperature: number): number; // NaN where not known
  rank(id: number): number; // how many ids are likelier
}

/** The step's row of `all`, or what the record keeps of it. */
export const stepLogits = (graph: Graph, all: Numbers | null, step: Step): StepLogits =>
  all ? complete(rowOf(all, last(graph.tensor(outputs(graph)!.logits).shape), step.step)) : partial(graph, step);

function complete(row: Numbers): StepLogits {
  const best = Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b);
  return {
    exact: true,
    size: row.length,
    best,
    logit: (id) => row[id],
    probability: (id, temperature) => {
      const p = Math.exp(row[id] / temperature - logSumExp(row, temperature));
      return { least: p, most: p };
    },
    entropy: (temperature) => entropy(row, temperature),
    rank: (id) => row.filter((one) => one > row[id]).length,
  };
}

function partial(graph: Graph, step: Step): StepLogits {
  const known = new Map(knownLogits(graph, step));
  for (const { id, logit } of [...step.candidates, step.chosen]) known.set(id, logit);
  const size = graph.trace.axes.vocabulary?.size ?? known.size;
  const kept: Kept = {
    logits: Float64Array.from(known.values()),
    logsumexp: step.logsumexp,
    hidden: size - known.size,
    // The candidates are the likeliest: nothing that is left out is above the last of them.
    ceiling: Math.min(...step.candidates.map(({ logit }) => logit)),
  };
  return {
    exact: kept.hidden === 0,
    size,
    best: step.candidates.map(({ id }) => id),
    logit: (id) => known.get(id) ?? NaN,
    probability: (id, temperature) => {
      const total = temperature === 1 ? { least: step.logsumexp, most: step.logsumexp } : logSumExpRange(kept, temperature);
      const at = (sum: number) => Math.exp(known.get(id)! / temperature - sum);
      return { least: at(total.most), most: at(total.least) };
    },
    entropy: (temperature) => (temperature === 1 ? step.entropy : NaN),
    rank: (id) => [step.chosen, ...step.candidates].find((one) => one.id === id)?.rank ?? NaN,
  };
}

/** The logits of the columns that the record keeps. */
function knownLogits(graph: Graph, step: Step): [number, number][] {
  const name = outputs(graph)?.logits;
  const values = name ? graph.values(name) : null;
  if (!name || !values) return [];
  const row = rowOf(values, last(graph.tensor(name).shape), step.step);
  return (graph.tensor(name).columns ?? []).map((id) => [id, row[id]]);
}
