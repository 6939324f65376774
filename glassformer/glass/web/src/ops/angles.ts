// The angles that sinusoidal and rotary positions are made of.

/** The angle of position p in pair i: p / base^(2i / divisor). */
export const angle = (position: number, pair: number, divisor: number, base: number): number =>
  position / base ** ((2 * pair) / divisor);

/** d of the exponent 2i / d: that of the model's configuration; the width in rotary positions and in old records. */
export const divisorOf = ({ divisor }: { readonly [name: string]: string | number }, width: number): number => Number(divisor ?? width);

/** In which pair a column of the position table stands, and whether it holds the sine. */
export function positionPair(column: number, width: number, layout: string | number): { pair: number; sine: boolean } {
  if (layout === "halves") return { pair: column % (width / 2), sine: column < width / 2 };
  return { pair: Math.floor(column / 2), sine: column % 2 === 0 };
}

/** The point (x, y) turned by an angle, against the clock. */
export function turn([x, y]: readonly [number, number], angle: number): [number, number] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [x * cos - y * sin, y * cos + x * sin];
}
