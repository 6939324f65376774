// Logits to probabilities at any temperature: p_i(T) = exp(l_i / T) / Σ_j exp(l_j / T).
// Where a record keeps only some logits and the logsumexp of all, p_i(1) is exact and any other T can be bounded.

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** ln Σ exp(l_i / T), without overflow. */
export function logSumExp(logits: ArrayLike<number>, temperature = 1): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]);
  if (largest === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] - largest) / temperature);
  return largest / temperature + Math.log(sum);
}

/** Entropy in nats: −Σ p ln p. */
export function entropy(logits: ArrayLike<number>, temperature = 1): number {
  const total = logSumExp(logits, temperature);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const logP = logits[i] / temperature - total;
    if (logP > -Infinity) sum -= Math.exp(logP) * logP;
  }
  return sum;
}

/** What a record keeps of a row of logits. */
export interface Kept {
  readonly logits: ArrayLike<number>; // those that are known
  readonly logsumexp: number; // of all, at T = 1
  readonly hidden: number; // how many are not known
  readonly ceiling: number; // no unknown logit is above this one
}

/**
 * Between which values ln Σ exp(l / T) lies, over all logits.
 *
 * The n unknown ones have a known sum R of u = exp(l), none above M = exp(ceiling). Σ u^(1/T) is then between
 * the case that all are alike, n (R/n)^(1/T), and the case that as many as possible are M; which of the two is
 * the larger depends on whether u^(1/T) bends up (T < 1) or down (T > 1).
 */
export function logSumExpRange({ logits, logsumexp, hidden, ceiling }: Kept, temperature: number): Range {
  const known = logSumExp(logits, temperature);
  // All u are taken relative to M, so that nothing overflows.
  const rest = Math.min(Math.exp(logsumexp - ceiling) - Math.exp(logSumExp(logits) - ceiling), hidden);
  if (hidden === 0 || !(rest > 0)) return { least: known, most: known };
  const power = 1 / temperature;
  const alike = hidden * (rest / hidden) ** power;
  const whole = Math.floor(rest);
  const extreme = whole + (rest - whole) ** power;
  const total = (sum: number) => logSumExp([known, Math.log(sum) + ceiling / temperature]);
  return { least: total(Math.min(alike, extreme)), most: total(Math.max(alike, extreme)) };
}

/** How many of the best make up at least `p` of the probability; `probabilities` are sorted, best first. */
export function nucleus(probabilities: ArrayLike<number>, p: number): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    sum += probabilities[i];
    if (sum >= p) return i + 1;
  }
  return probabilities.length;
}

/** exp(l_i) / Σ_j exp(l_j) */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const total = logSumExp(logits);
  return Float64Array.from(logits, (logit) => Math.exp(logit - total));
}
