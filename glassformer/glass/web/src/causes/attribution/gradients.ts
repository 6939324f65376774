// Attribution by gradients: gradient x input, and integrated gradients (Python: glass/causes/attribution/gradients.py).

import { addTo, gradients } from "../../gradients";
import type { Graph } from "../../graph";
import type { Cause } from "../../record";
import { contrastOf, type Progress } from "../sweep";
import { along, shares, type Sides } from "./inputs";
import { gaussLegendre } from "./quadrature";

type Contrast = Cause["contrast"];

/** A share for each token of both sides. */
export type Shares = readonly [source: number[], target: number[]];

/** dC/dx of the tensors called `names`, C being the contrast at the graph's last step. */
export function contrastGradients(graph: Graph, { a, b }: Contrast, names: readonly string[]): Float64Array[] {
  const [rows, width] = graph.tensor("logits").shape;
  const down = new Float64Array(rows * width);
  down[(rows - 1) * width + a.id] = 1;
  down[(rows - 1) * width + b.id] = -1;
  return gradients(graph, down, names);
}

const gradientsAt = (graph: Graph, contrast: Contrast, sides: Sides): Float64Array[] =>
  contrastGradients(graph, contrast, sides.map(({ name }) => name));

/** Σ_d dC/dx_d · x_d for each token, x being its embedding (Shrikumar et al. 2016). */
export function gradientTimesInput(graph: Graph, contrast: Contrast, sides: Sides): Shares {
  const [source, target] = gradientsAt(graph, contrast, sides);
  return [shares(sides[0], source, null), shares(sides[1], target, null)];
}

const POINTS = [32, 64, 128, 256]; // of the path, one after the other until the sum is complete
const COMPLETE = 0.01; // of the difference that is to be explained

/** `gap`: by how much the shares do not add up to `difference`, the contrast less that of the baseline. */
export interface Integrated {
  readonly shares: Shares;
  readonly difference: number;
  readonly gap: number;
  readonly points: number;
}

/**
 * The mean gradient along the straight way from the baseline to the input, times input less baseline (Sundararajan et al.
 * 2017); all tokens move together. By Gauss-Legendre's points; more of them until the shares add up to the difference
 * within a hundredth (their completeness axiom), or there are 256. Null where `progress` ended it.
 */
export async function integratedGradients(graph: Graph, contrast: Contrast, sides: Sides, progress: Progress): Promise<Integrated | null> {
  const here = contrastOf(graph, contrast);
  graph.edits.value = along(sides, 0);
  const difference = here - contrastOf(graph, contrast);
  let found: Integrated | null = null;
  for (const points of POINTS) {
    const sums = sides.map(({ rows }) => new Float64Array(rows.length));
    for (const [number, [at, weight]] of gaussLegendre(points).entries()) {
      graph.edits.value = along(sides, at);
      graph.values(graph.tensor("logits").operands.x); // the way up, then the way down
      if (!(await progress((number + 0.5) / points))) return null;
      gradientsAt(graph, contrast, sides).forEach((gradient, side) => addTo(sums[side], gradient.map((slope) => weight * slope)));
      if (!(await progress((number + 1) / points))) return null;
    }
    const [source, target] = sums.map((mean, side) => shares(sides[side], mean, sides[side].baseline));
    const gap = [...source, ...target].reduce((left, share) => left - share, difference);
    found = { shares: [source, target], difference, gap, points };
    if (Math.abs(gap) <= COMPLETE * Math.abs(difference)) break;
  }
  graph.reset();
  return found;
}
