import { expect, test } from "vitest";
import { gaussLegendre } from "../src/causes/attribution/quadrature";

/** By how much n points miss ∫₀¹ t^degree dt. */
function missed(n: number): (degree: number) => number {
  const points = gaussLegendre(n);
  return (degree) => Math.abs(points.reduce((sum, [at, weight]) => sum + weight * at ** degree, 0) - 1 / (degree + 1));
}

test.each([1, 2, 3, 5, 32, 64, 128, 256])("%d points: every polynomial of a degree below twice that has its integral", (n) => {
  const error = missed(n);
  expect(Math.max(...Array.from({ length: 2 * n }, (_, degree) => error(degree)))).toBeLessThan(1e-13);
  if (n < 10) expect(error(2 * n)).toBeGreaterThan(1e-13); // and not of the next
});

// Abramowitz and Stegun, table 25.4, moved from [-1, 1].
test("two points are 1/2 ∓ 1/(2√3)", () => {
  expect(gaussLegendre(2).flat()).toEqual([0.5 - 0.5 / Math.sqrt(3), 0.5, 0.5 + 0.5 / Math.sqrt(3), 0.5].map((one) => expect.closeTo(one, 15)));
});
