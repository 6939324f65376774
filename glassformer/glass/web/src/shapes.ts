// Numbers of a tensor, row by row. Cells are addressed by one flat, row-major number; an index is the same cell as a list.

export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** [1, 2] in shape [3, 4] is 6. */
export const flatten = (shape: readonly number[], index: readonly number[]): number =>
  index.reduce((flat, i, axis) => flat * shape[axis] + i, 0);

/** 6 in shape [3, 4] is [1, 2]. */
export function unflatten(shape: readonly number[], flat: number): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis];
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}

/** How many cells a shape has. */
export const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export const last = <T>(list: readonly T[]): T => list[list.length - 1];
