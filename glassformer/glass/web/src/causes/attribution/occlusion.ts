// Attribution by occlusion (Zeiler & Fergus 2014): what the contrast loses when a token is no word
// (Python: glass/causes/attribution/occlusion.py).

import type { Graph } from "../../graph";
import type { Cause } from "../../record";
import { contrastOf, type Progress } from "../sweep";
import type { Shares } from "./gradients";
import { without, type Sides } from "./inputs";

/** The contrast less that with the average word in the place of each token in turn. Null where `progress` ended it. */
export async function occlusion(graph: Graph, contrast: Cause["contrast"], sides: Sides, progress: Progress): Promise<Shares | null> {
  const before = contrastOf(graph, contrast);
  const all = sides.reduce((sum, { count }) => sum + count, 0);
  const effects: [number[], number[]] = [[], []];
  let done = 0;
  for (const [number, side] of sides.entries()) {
    for (let place = 0; place < side.count; place++) {
      graph.edits.value = without(side, place);
      effects[number].push(before - contrastOf(graph, contrast));
      if (!(await progress(++done / all))) return null;
    }
  }
  graph.reset();
  return effects;
}
