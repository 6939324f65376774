// A row of a matrix as a vector: its length, its direction, its mean and spread. Summed in double precision.

export type Row = ArrayLike<number>;

/** Row `row` of a matrix that is `width` wide. */
export const rowOf = <T extends { subarray(from: number, to: number): T }>(values: T, width: number, row: number): T =>
  values.subarray(row * width, (row + 1) * width);

export function dot(a: Row, b: Row): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** ‖a‖ = √(a·a) */
export const length = (a: Row): number => Math.sqrt(dot(a, a));

/** a·b / (‖a‖ ‖b‖); 0 where one of them has no length. */
export function cosine(a: Row, b: Row): number {
  const lengths = length(a) * length(b);
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

export function mean(a: Row): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i];
  return sum / a.length;
}

/** √(population variance + eps) */
export function deviation(a: Row, eps = 0): number {
  const middle = mean(a);
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] - middle) ** 2;
  return Math.sqrt(squares / a.length + eps);
}

/** √(mean of squares + eps) */
export const rootMeanSquare = (a: Row, eps = 0): number => Math.sqrt(dot(a, a) / a.length + eps);
