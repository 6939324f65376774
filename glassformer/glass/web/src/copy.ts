// A cell's explanation as text to take along: LaTeX, Python that runs, CSV. All numbers in full precision.

import type { Explanation } from "./explain";
import { OPS } from "./ops";
import { exact, literal } from "./ops/python";

// ---- CSV

/** One line per operand cell: role, tensor, index, value. */
export function toCsv({ tensor, index, value, terms }: Explanation): string {
  const operands = terms.flatMap((term) => term.factors);
  const lines = operands.map((one) => [one.role, one.tensor.name, one.index.join(" "), exact(one.value)]);
  return [["role", "tensor", "index", "value"], ["result", tensor.name, index.join(" "), exact(value)], ...lines]
    .map((line) => line.map(quoted).join(","))
    .join("\n");
}

const quoted = (field: string): string => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

// ---- Python

/** Lines that run as they stand and print the cell's value. */
export function toPython(it: Explanation): string {
  const { tensor, index, value } = it;
  const [lines, result] = OPS[tensor.op].python(it) ?? [[], literal(value)];
  return [`# ${tensor.name}[${index.join(", ")}] = ${literal(value)}`, "import math", ...lines, `print(${result})`].join("\n");
}

// ---- LaTeX

/** The formula and the formula with numbers in it, as an align* environment (amsmath). */
export function toLatex({ symbolic, substituted }: Explanation): string {
  const [left, ...right] = symbolic.split(" = ");
  return [
    "\\begin{align*}",
    `  ${latex(left)} &= ${latex(right.join(" = "))} \\\\`,
    `  &${latex(substituted)}`,
    "\\end{align*}",
  ].join("\n");
}

// From what the page shows to LaTeX's spelling, in this order. What could be a command of its own is dropped first.
const LATEX: readonly (readonly [RegExp, string])[] = [
  [/[\\{}$&#%~]/g, ""],
  [/(\d)e(−?\d+)/g, "$1 \\cdot 10^{$2}"],
  [/\b(logits|where the mask lets it be seen, else|variance|mean of|mean|max|seen|hidden: [a-z ]+|for nothing may be seen)/g, "\\text{$1}"],
  [/\b(exp|ln|sin|cos|log)\b/g, "\\$1 "],
  [/√dₖ/g, "\\sqrt{d_k}"],
  [/√\(([^()]*)\)/g, "\\sqrt{$1}"],
  [/√(\w+)/g, "\\sqrt{$1}"],
  [/_(\w{2,})/g, "_{$1}"],
  [/\^\(((?:enc|dec)\d+\.\w+)\)/g, "^{\\text{$1}}"],
  [/\^\(([^()]*)\)/g, "^{$1}"],
  [/ᵀ/g, "^{\\top}"],
  [/ʳ/g, "^{r}"],
  [/²/g, "^{2}"],
  [/ₖ/g, "_k"],
  [/ⱼ/g, "_j"],
  [/Σ/g, "\\sum"],
  [/ε/g, "\\varepsilon "],
  [/γ/g, "\\gamma "],
  [/β/g, "\\beta "],
  [/θ/g, "\\theta "],
  [/Φ/g, "\\Phi "],
  [/·/g, " \\cdot "],
  [/…/g, "\\cdots "],
  [/∞/g, "\\infty "],
  [/−/g, "-"],
];

const latex = (text: string): string =>
  LATEX.reduce((done, [from, to]) => done.replace(from, to), text).replace(/[^\x20-\x7e]/g, "").trim();
