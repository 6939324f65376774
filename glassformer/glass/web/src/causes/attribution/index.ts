// What the methods of the literature give each token, in Python's order (glass/causes/cause.py).

import type { Graph } from "../../graph";
import type { Attribution, Cause } from "../../record";
import type { Progress } from "../sweep";
import { rankCorrelation } from "./comparison";
import { gradientTimesInput, integratedGradients, type Shares } from "./gradients";
import { sidesOf } from "./inputs";
import { contributions, rollout } from "./mixing";
import { occlusion } from "./occlusion";

/** The attributions, and what integrated gradients leave out; null where `progress` ended it. `effects`: what interventions found of each source word. */
export async function attribute(graph: Graph, contrast: Cause["contrast"], effects: readonly number[], progress: Progress): Promise<Pick<Cause, "attributions" | "gap"> | null> {
  const sides = sidesOf(graph);
  const multiplied = gradientTimesInput(graph, contrast, sides);
  const integrated = await integratedGradients(graph, contrast, sides, progress);
  const occluded = integrated && (await occlusion(graph, contrast, sides, progress));
  if (!integrated || !occluded) return null;
  const attribution = (method: string, [source, target]: Shares): Attribution =>
    ({ method, source, target, agreement: rankCorrelation(source.map(Math.abs), effects) });
  return {
    gap: integrated.gap,
    attributions: [
      attribution("gradient x input", multiplied),
      attribution("integrated gradients", integrated.shares),
      attribution("occlusion", occluded),
      attribution("attention rollout", rollout(graph, contrast.step)),
      attribution("ALTI+", contributions(graph, contrast.step)),
    ],
  };
}
