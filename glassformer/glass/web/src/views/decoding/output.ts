// The decoder's output of a step: where the record has it, and how uncertain it is.

import type { Graph } from "../../graph";
import { last } from "../../shapes";

/** The tensor of probabilities of the next token, and that of the logits behind it; null where not recorded. */
export function outputs({ trace }: Graph): { readonly probabilities: string; readonly logits: string } | null {
  const made = trace.tensors.filter(
    ({ op, axes }) => (op === "softmax" || op === "log_softmax") && axes[0] === "target" && last(axes) === "vocabulary",
  );
  return made.length ? { probabilities: last(made).name, logits: last(made).operands.x } : null;
}

/** Whether the record holds a vocabulary entry's column of such a tensor. */
export function hasColumn(graph: Graph, name: string, id: number): boolean {
  const { data, columns } = graph.tensor(name);
  return columns === null ? data !== null || graph.values(name) !== null : data !== null && columns.includes(id);
}

/** How many even choices are as uncertain as a distribution of this entropy (in nats). */
export const evenChoices = (entropy: number): number => Math.exp(entropy);
