// A cell's explanation as text to take along: LaTeX, Python that runs, CSV. All numbers in full precision.

import type { Explanation, Operand } from "./explain";
import { DOTS } from "./ops";
import { ROWS } from "./rows";
import { last } from "./shapes";

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
const exact = (value: number): string => (Number.isNaN(value) ? "" : value === -Infinity ? "-inf" : value === Infinity ? "inf" : String(value));

// ---- Python

const python = (value: number): string =>
  Number.isNaN(value) ? "None" : Number.isFinite(value) ? String(value) : `float("${exact(value)}")`;
const list = (cells: readonly Operand[]): string => `[${cells.map((one) => python(one.value)).join(", ")}]`;

/** Lines that run as they stand and print the cell's value. */
export function toPython(it: Explanation): string {
  const { tensor, index, value, terms } = it;
  const [lines, result] = pythonOf(it, terms.flatMap((term) => term.factors));
  return [`# ${tensor.name}[${index.join(", ")}] = ${python(value)}`, "import math", ...lines, `print(${result})`].join("\n");
}

function pythonOf({ tensor, index, value, facts }: Explanation, operands: readonly Operand[]): readonly [string[], string] {
  const of = (role: string) => operands.filter((one) => one.role === role);
  const [a, b] = operands.map((one) => python(one.value));
  if (tensor.op in DOTS) {
    const [first, second] = DOTS[tensor.op].roles;
    const bias = of("bias").map((one) => ` + ${python(one.value)}`).join("");
    return [[`a = ${list(of(first))}`, `b = ${list(of(second))}`], `sum(x * y for x, y in zip(a, b))${bias}`];
  }
  if (tensor.op in ROWS) {
    const after = [...of("gain"), ...of("bias")].map((one) => ` ${one.role === "gain" ? "*" : "+"} ${python(one.value)}`).join("");
    const x = of("x");
    const at = x.findIndex((one) => last(one.index) === last(index));
    if (x.length < last(tensor.shape)) return [["# the record keeps some logits only; their logsumexp counts all"], `${python(x[at].value)} - ${python(facts[0][1])}`];
    return [[`x = ${list(x)}`, ...PYTHON_ROWS[tensor.op][0](tensor.attributes)], PYTHON_ROWS[tensor.op][1](at) + after];
  }
  const { factor } = tensor.attributes;
  const simple: { readonly [op: string]: string } = {
    add: `${a} + ${b}`,
    multiply: `${a} * ${b}`,
    scale: `${a} * ${factor}`,
    mask: `${a} if ${b} == 0 else float("-inf")`,
    relu: `max(0.0, ${a})`,
    gelu: `0.5 * ${a} * (1 + math.erf(${a} / math.sqrt(2)))`,
    silu: `${a} / (1 + math.exp(-(${a})))`,
  };
  return [[], simple[tensor.op] ?? python(value)];
}

type Attributes = Explanation["tensor"]["attributes"];
const PYTHON_ROWS: { readonly [op: string]: readonly [(attributes: Attributes) => string[], (at: number) => string] } = {
  softmax: [() => ["e = [math.exp(v - max(x)) for v in x]"], (at) => `e[${at}] / sum(e)`],
  log_softmax: [() => ["e = [math.exp(v - max(x)) for v in x]"], (at) => `x[${at}] - max(x) - math.log(sum(e))`],
  layernorm: [
    ({ eps }) => ["mean = sum(x) / len(x)", `deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + ${eps})`],
    (at) => `(x[${at}] - mean) / deviation`,
  ],
  rmsnorm: [({ eps }) => [`deviation = math.sqrt(sum(v * v for v in x) / len(x) + ${eps})`], (at) => `x[${at}] / deviation`],
};

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
