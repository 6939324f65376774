// What became of a beam's node, in a sign and in words; colour only repeats it.

import type { BeamNode } from "../../record";

type State = BeamNode["state"];

export const SIGNS: { readonly [state in State]: string } = { best: "★", kept: "●", finished: "■", pruned: "✕" };

export const STATES: readonly (readonly [State, string])[] = [
  ["best", "on the path that won"],
  ["kept", "kept for the next step"],
  ["finished", "finished, but not best"],
  ["pruned", "pruned"],
];
