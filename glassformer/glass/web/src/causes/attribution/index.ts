// What the methods of the literature give each token, in Python's order (glass/causes/cause.py).

import { tokenizersOf } from "../../engine/translate";
import { Graph } from "../../graph";
import type { Attribution, Cause, Trace } from "../../record";
import { readingOf } from "../ask";
import { mapOf } from "../parts";
import { feltIn, type Progress } from "../sweep";
import { rankCorrelation } from "./comparison";
import { gradientTimesInput, integratedGradients, type Shares } from "./gradients";
import { sidesOf } from "./inputs";
import { contributions, rollout } from "./mixing";
import { occlusion } from "./occlusion";

/** The attributions, and what integrated gradients leave out. */
export type Attributed = Pick<Cause, "attributions" | "gap">;

/** The attributions of the record's cause; null where `progress` ended it. */
export async function attribute(record: Trace, progress: Progress): Promise<Attributed | null> {
  const cause = record.cause!;
  const { contrast, contrast: { step } } = cause;
  const { target: writer } = await tokenizersOf(record);
  const graph = new Graph(readingOf(record, writer, step), "");
  const sides = sidesOf(graph);
  const multiplied = gradientTimesInput(graph, contrast, sides);
  const [rolled, contributed] = [rollout(graph, step), contributions(graph, step)];
  const occluded = await occlusion(graph, contrast, sides, progress);
  const integrated = occluded && (await integratedGradients(graph, contrast, sides, progress));
  if (!integrated) return null;
  const effects = feltIn(mapOf(cause, "encoder.stream"));
  const attribution = (method: string, [source, target]: Shares): Attribution =>
    ({ method, source, target, agreement: rankCorrelation(source.map(Math.abs), effects) });
  return {
    gap: integrated.gap,
    attributions: [
      attribution("gradient x input", multiplied),
      attribution("integrated gradients", integrated.shares),
      attribution("occlusion", occluded),
      attribution("attention rollout", rolled),
      attribution("ALTI+", contributed),
    ],
  };
}
