// The units of a feed-forward layer: how many are on for each token, and which answer most strongly.

/** For each row, how many numbers are above 0. */
export function onCounts(values: ArrayLike<number>, width: number): number[] {
  const counts = new Array<number>(values.length / width).fill(0);
  for (let flat = 0; flat < values.length; flat++) if (values[flat] > 0) counts[Math.floor(flat / width)]++;
  return counts;
}

/** The places of the numbers that are farthest from 0, farthest first; no zeros, unless all are. */
export function strongest(row: ArrayLike<number>, most: number): number[] {
  const places = Array.from({ length: row.length }, (_, i) => i).sort((a, b) => Math.abs(row[b]) - Math.abs(row[a]) || a - b);
  const active = places.filter((i) => row[i] !== 0);
  return (active.length ? active : places).slice(0, most);
}
