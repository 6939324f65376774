// What the decoder looked at in the source: cross-attention of one head or averaged, as the reader has chosen.

import type { Graph } from "../../graph";
import { cellsOf, headsOf, kindsOf, mean, sheetsOf, weightsOf, type Kind, type Sheet } from "../attentionWeights";

/** One layer and head, or all of them (null). */
export interface Which {
  readonly layer: number | null;
  readonly head: number | null;
}

export const EVERYWHERE: Which = { layer: null, head: null };

/** The attention of the target over the source, if the record has one. */
const crossAttention = ({ trace }: Graph): Kind | undefined =>
  kindsOf(trace).find(({ layers }) => layers[0].axes.at(-2) === "target" && layers[0].axes.at(-1) === "source");

/** The heads that a choice takes together. A choice that this model does not have counts as all. */
export function chosenHeads(graph: Graph, choice: Which): Sheet[] {
  const kind = crossAttention(graph);
  if (!kind) return [];
  const chosen = sheetsOf(kind, choice);
  return chosen.length ? chosen : sheetsOf(kind, EVERYWHERE);
}

/** The weights [target × source], row by row: the mean over the chosen heads. Null without cross-attention. */
export function attention(graph: Graph, choice: Which): Float64Array | null {
  const heads = chosenHeads(graph, choice);
  return heads.length ? mean(heads.map((sheet) => weightsOf(graph, sheet))) : null;
}

/** Of the cells that a mean is made of, the largest: there its number is explained. */
export function strongest(graph: Graph, choice: Which, rows: readonly number[], columns: readonly number[]): readonly [tensor: string, index: number[]] {
  const cells = cellsOf(chosenHeads(graph, choice), rows, columns);
  const weight = ({ tensor, index }: (typeof cells)[number]) => {
    const [, height, width] = graph.tensor(tensor).shape;
    return graph.values(tensor)![(index[0] * height + index[1]) * width + index[2]];
  };
  const best = cells.reduce((one, other) => (weight(other) > weight(one) ? other : one));
  return [best.tensor, best.index];
}

export const layersOf = (graph: Graph): number => crossAttention(graph)?.layers.length ?? 0;
export const heads = (graph: Graph): number => headsOf(crossAttention(graph)!.layers[0]);
