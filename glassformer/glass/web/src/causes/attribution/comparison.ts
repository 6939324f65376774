// Whether an attribution and the interventions name the same source words (Python: glass/causes/attribution/comparison.py).

import { mean } from "../../vectors";

/** Spearman's: the correlation of the ranks, ties sharing their mean rank; null where all of a side are equal. */
export function rankCorrelation(one: readonly number[], two: readonly number[]): number | null {
  const [a, b] = [ranks(one), ranks(two)];
  const squares = Math.sqrt(covariance(a, a) * covariance(b, b));
  return squares === 0 ? null : covariance(a, b) / squares;
}

const ranks = (values: readonly number[]): number[] =>
  values.map((value) => values.filter((other) => other < value).length + (values.filter((other) => other === value).length - 1) / 2);

const covariance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + (value - mean(a)) * (b[i] - mean(b)), 0);
