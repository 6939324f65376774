// What the model says at a contrast's step: as recorded, under what is changed in the page, and in the second sentence.

import { Graph, type Edits } from "../../graph";
import { pieceLabel } from "../../pieces";
import type { Cause, Said, Trace } from "../../record";
import { likeliest } from "../edit/editing";
import { allLogits, stepLogits } from "../stepLogits";
import { secondOf } from "../../causes/second";

/** The probability of a token at the step as recorded; NaN where the record does not know it. */
export function recorded({ decode, cause }: Trace, id: number): number {
  const { contrast, clean } = cause!;
  const step = decode?.steps[contrast.step];
  const known = step && [...step.candidates, step.chosen].find((one) => one.id === id);
  if (known) return known.probability;
  // log p(A) - log p(B) is the logit difference.
  return id === contrast.b.id && contrast.measure === "logit_difference" ? recorded({ decode, cause } as Trace, contrast.a.id) * Math.exp(-clean) : NaN;
}

const sameWords = new WeakMap<Edits, Graph>();

/** The graph with its changes, but reading the recorded translation: a contrast is one after the same words. */
function readingTheSame(graph: Graph): Graph {
  const [edits, patches] = [graph.edits.value, graph.patches.value];
  if (!edits.has("target.ids")) return graph;
  if (sameWords.get(edits)?.patches.peek() !== patches) {
    const own = new Graph(graph.recorded, graph.label);
    own.edits.value = new Map([...edits].filter(([name]) => name !== "target.ids"));
    own.patches.value = patches;
    sameWords.set(edits, own);
  }
  return sameWords.get(edits)!;
}

/** Probabilities of the step with what is changed; null where they cannot be computed. */
export function now(changed: Graph): ((id: number) => number) | null {
  const graph = readingTheSame(changed);
  const { contrast } = graph.recorded.cause!;
  const all = allLogits(graph);
  const step = graph.recorded.decode?.steps[contrast.step];
  if (!all || !step) return null;
  const row = stepLogits(graph, all, step);
  return (id) => row.probability(id, 1).least;
}

/** The same in the second sentence, after the same translation so far. */
export function there(graph: Graph): ((id: number) => number) | null {
  const second = secondOf(graph);
  return graph.recorded.meta.detail === "full+weights" && second ? now(second) : null;
}

/** The likeliest token of the step with what is changed. */
export function favourite(changed: Graph): Said | null {
  const graph = readingTheSame(changed);
  const trace = graph.recorded;
  if (!trace.vocabulary || !graph.values("log_probs")) return null;
  const id = likeliest(graph, trace.cause!.contrast.step);
  const piece = trace.vocabulary.target[id];
  return { id, piece, text: pieceLabel(piece) };
}

/** The contrast of two probabilities (and of p(A) alone, where the measure is that). */
export function measured({ contrast }: Cause, probability: (id: number) => number): number {
  const a = probability(contrast.a.id);
  if (contrast.measure === "probability") return a;
  return contrast.measure === "log_probability" ? Math.log(a) : Math.log(a) - Math.log(probability(contrast.b.id));
}

export const saidText = ({ text, piece }: Said): string => text.trim() || pieceLabel(piece);
