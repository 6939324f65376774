// Which layer and head of the cross-attention to look at, or the mean over all.

import { Choice } from "../../components/Choice";
import type { Graph } from "../../graph";
import { chosenHeads, heads, layersOf, which } from "./attention";

const MEAN = "mean";

export function AttentionChoice({ graph }: { graph: Graph }) {
  if (layersOf(graph) === 0) return null;
  const { layer, head } = which.value;
  const number = (value: string) => (value === MEAN ? null : Number(value));
  const options = (count: number) => [[MEAN, "mean"] as const, ...Array.from({ length: count }, (_, i) => [String(i), String(i)] as const)];
  return (
    <div class="controls">
      <Choice label="Layer" value={String(layer ?? MEAN)} options={options(layersOf(graph))}
        onChange={(value) => (which.value = { ...which.value, layer: number(value) })} />
      <Choice label="Head" value={String(head ?? MEAN)} options={options(heads(graph))}
        onChange={(value) => (which.value = { ...which.value, head: number(value) })} />
    </div>
  );
}

/** What the shown weights are, in words. */
export function describe(graph: Graph): string {
  const chosen = chosenHeads(graph, which.value);
  if (chosen.length === 1) return `Layer ${chosen[0].layer}, head ${chosen[0].head}.`;
  return `The mean over ${chosen.length} heads; a number opens the head that looks there most.`;
}
