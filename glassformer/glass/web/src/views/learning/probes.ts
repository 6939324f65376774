// The traces of a training run: several sentences, each traced again and again while the model learns.

import type { Graph } from "../../graph";
import type { Step, Trace } from "../../record";

export interface Probe {
  readonly graph: Graph;
  readonly index: number; // of its trace in the page
}

/** The traces by their sentence, both in the page's order. */
export function probes(graphs: readonly Graph[]): Map<string, Probe[]> {
  const groups = new Map<string, Probe[]>();
  graphs.forEach((graph, index) => {
    const text = graph.trace.axes.source?.text ?? "";
    groups.set(text, [...(groups.get(text) ?? []), { graph, index }]);
  });
  return groups;
}

export const stepsOf = ({ decode }: Trace): readonly Step[] => decode?.steps ?? [];

/** The mean entropy, in nats, over a translation's steps: how uncertain the model is. */
export const meanEntropy = (trace: Trace): number =>
  stepsOf(trace).reduce((sum, { entropy }) => sum + entropy, 0) / Math.max(stepsOf(trace).length, 1);

/**
 * The probability that a trace gives to the token which the final translation takes in step `i`.
 *
 * "elsewhere": it had written something else before, so the question does not arise; "unlisted": not among the
 * candidates that the record keeps, so less probable than all of them.
 */
export function chance(trace: Trace, final: Trace, i: number): number | "elsewhere" | "unlisted" {
  const [own, wanted] = [stepsOf(trace), stepsOf(final)];
  const follows = wanted.slice(0, i).every(({ chosen }, k) => own[k]?.chosen.id === chosen.id);
  if (!follows || !own[i]) return "elsewhere";
  return [own[i].chosen, ...own[i].candidates].find(({ id }) => id === wanted[i].chosen.id)?.probability ?? "unlisted";
}
