// How a number is written, the same in every view (Python: glass/numbers.py; held together by tests/glass/vectors.json).

const MINUS = "\u2212";

/** The text of a number: "17", "0.4213", "1.234e−5", "−∞". */
export function show(value: number): string {
  if (Number.isNaN(value)) return "?";
  const sign = value < 0 ? MINUS : "";
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}∞`;
  if (Number.isInteger(size) && size < 100000) return size === 0 ? "0" : `${sign}${size}`;
  // toFixed and toExponential round the exact binary value, halves away from zero, as the rule wants.
  if (size >= 0.001 && size < 100000) return sign + size.toFixed(4);
  return sign + size.toExponential(3).replace("e+", "e").replace("e-", `e${MINUS}`);
}

/** A share in per cent, on the page only; never rounded to none or all: "57.0 %", "1.3e−5 %", "99.9987 %". */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`;
  if (share < 0.0001) return `${(share * 100).toExponential(1).replace("e-", `e${MINUS}`)} %`;
  if (share > 0.9999) return `${(share * 100).toFixed(Math.floor(-Math.log10(1 - share) - 1e-9))} %`;
  return `${(share * 100).toFixed(share >= 0.9995 || share < 0.01 ? 2 : 1)} %`;
}

/** A whole number with its thousands apart: "3,269,017". By hand: the browser takes 30 ms for its first toLocaleString. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
