// Which layer and head of the cross-attention to look at, or the mean over all.

import { Choice } from "../../components/Choice";
import type { Graph } from "../../graph";
import { below, optional, pair, useLinked } from "../../linked";
import { chosenHeads, heads, layersOf, type Which } from "./attention";

const MEAN = "mean";

/** The reader's choice, the same in every view, and how to make it. */
export function useWhich(graph: Graph): readonly [Which, (which: Which) => void] {
  const count = layersOf(graph);
  const kind = pair(optional(below(count)), optional(below(count ? heads(graph) : 0)));
  const [[layer, head], set] = useLinked("look", kind, [null, null]);
  return [{ layer, head }, (which) => set([which.layer, which.head])];
}

export function AttentionChoice({ graph }: { graph: Graph }) {
  const [which, choose] = useWhich(graph);
  if (layersOf(graph) === 0) return null;
  const { layer, head } = which;
  const number = (value: string) => (value === MEAN ? null : Number(value));
  const options = (count: number) => [[MEAN, "mean"] as const, ...Array.from({ length: count }, (_, i) => [String(i), String(i)] as const)];
  return (
    <div class="controls">
      <Choice label="Layer" value={String(layer ?? MEAN)} options={options(layersOf(graph))}
        onChange={(value) => choose({ ...which, layer: number(value) })} />
      <Choice label="Head" value={String(head ?? MEAN)} options={options(heads(graph))}
        onChange={(value) => choose({ ...which, head: number(value) })} />
    </div>
  );
}

/** What the shown weights are, in words. */
export function describe(graph: Graph, which: Which): string {
  const chosen = chosenHeads(graph, which);
  if (chosen.length === 1) return `Layer ${chosen[0].layer}, head ${chosen[0].head}.`;
  return `The mean over ${chosen.length} heads; a number opens the head that looks there most.`;
}
