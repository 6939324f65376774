// Gauss-Legendre quadrature: ∫₀¹ f(t) dt ≈ Σ weight · f(at), exact for polynomials of a degree below 2n.

const NEWTON = 10; // steps; the start is near enough that they reach double precision

/** n points and weights of the integral over [0, 1]. The points are the roots of the Legendre polynomial Pₙ, moved there from [−1, 1]. */
export function gaussLegendre(n: number): (readonly [at: number, weight: number])[] {
  return Array.from({ length: n }, (_, i) => {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5)); // Abramowitz & Stegun 22.16.6, to first order
    for (let step = 0; step < NEWTON; step++) {
      const [value, slope] = legendre(n, x);
      x -= value / slope;
    }
    const [, slope] = legendre(n, x);
    return [(x + 1) / 2, 1 / ((1 - x * x) * slope * slope)]; // Abramowitz & Stegun 25.4.29, halved with the interval
  });
}

/** Pₙ(x) and Pₙ′(x), by k Pₖ = (2k − 1) x Pₖ₋₁ − (k − 1) Pₖ₋₂. */
function legendre(n: number, x: number): readonly [value: number, slope: number] {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return [value, (n * (x * value - before)) / (x * x - 1)];
}
