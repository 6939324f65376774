// A cell's explanation as data: what it is, the formula, its terms, the numbers put in, the result.
// The panel draws it; copy.ts writes it as LaTeX, Python and CSV.

import { angle, positionPair } from "./angles";
import type { Graph } from "./graph";
import { cellSymbol, MASK_REASONS } from "./labels";
import { show } from "./numbers";
import { cellOperands, cellValue, DOTS } from "./ops";
import type { Tensor } from "./record";
import { ROWS } from "./rows";
import { last, unflatten } from "./shapes";

/** An operand cell; `value` is NaN where the record does not carry it. */
export interface Operand {
  readonly role: string;
  readonly tensor: Tensor;
  readonly flat: number;
  readonly index: readonly number[];
  readonly value: number;
}

/** One summand of the formula (or the one argument of a function): its factors, and what it contributes. */
export interface Term {
  readonly factors: readonly Operand[];
  readonly value: number;
}

export interface Explanation {
  readonly tensor: Tensor;
  readonly index: readonly number[];
  readonly flat: number;
  readonly value: number; // as recorded (or as edited)
  readonly symbolic: string;
  readonly termName: string; // what a term's value is called: "product", "exp(x − max)"
  readonly terms: readonly Term[];
  readonly sums: boolean; // the terms are summed up, so that their sizes compare
  readonly substituted: string;
  readonly facts: readonly (readonly [string, number])[]; // what a row shares: max, sum, mean, ...
  readonly recomputed: number; // in double precision from the operands; NaN where one is missing
  readonly missing: readonly string[]; // operands that the record does not carry
}

const WRITTEN = 6; // sums up to here are written out; of longer ones the largest few, then "…"
const LARGEST = 3;

export function explain(graph: Graph, name: string, flat: number): Explanation {
  const tensor = graph.tensor(name);
  const node = graph.node(name);
  const operands = cellOperands(node, flat).map(({ role, flat: at }): Operand => {
    const operand = graph.tensor(tensor.operands[role]);
    return { role, tensor: operand, flat: at, index: unflatten(operand.shape, at), value: graph.values(operand.name)?.[at] ?? NaN };
  });
  const value = graph.values(name)?.[flat] ?? NaN;
  const recomputed = cellValue(node, flat);
  const cell = { tensor, index: unflatten(tensor.shape, flat), flat };
  const shape = describe(graph, cell, operands, Number.isNaN(value) ? recomputed : value);
  const missing = [...new Set(operands.filter((one) => graph.values(one.tensor.name) === null).map((one) => one.tensor.name))];
  const sums = tensor.op in DOTS || tensor.op in ROWS || tensor.op === "add";
  return { ...cell, value, recomputed, missing, sums, ...shape };
}

interface Cell {
  readonly tensor: Tensor;
  readonly index: readonly number[];
  readonly flat: number;
}
type Description = Pick<Explanation, "symbolic" | "termName" | "terms" | "substituted" | "facts">;

function describe(graph: Graph, cell: Cell, operands: readonly Operand[], value: number): Description {
  const { op } = cell.tensor;
  if (op in DOTS) return describeDot(cell, operands, value);
  if (op in ROWS) return describeRow(graph, cell, operands, value);
  return describeSimple(cell, operands, value);
}

const parenthesised = (value: number): string => (value < 0 ? `(${show(value)})` : show(value));
const symbol = ({ tensor, index }: { tensor: Tensor; index: readonly number[] }): string => cellSymbol(tensor, index);

function describeDot(cell: Cell, operands: readonly Operand[], value: number): Description {
  const bias = operands.filter((one) => one.role === "bias");
  const factors = operands.filter((one) => one.role !== "bias");
  const terms: Term[] = [];
  for (let k = 0; k < factors.length; k += 2) {
    terms.push({ factors: [factors[k], factors[k + 1]], value: factors[k].value * factors[k + 1].value });
  }
  for (const one of bias) terms.push({ factors: [one], value: one.value });
  const [a, b] = factors;
  const long = terms.length > WRITTEN;
  const size = ({ value: one }: Term) => Math.abs(one) || 0;
  const written = long ? [...terms].sort((one, other) => size(other) - size(one)).slice(0, LARGEST) : terms;
  const numbers = written.map(({ factors: of }) => of.map((one) => parenthesised(one.value)).join("·"));
  return {
    symbolic: `${symbol(cell)} = Σₖ ${running(a, cell.tensor.op)} · ${running(b, cell.tensor.op)}${bias.length ? ` + ${symbol(bias[0])}` : ""}`,
    termName: "product",
    terms,
    substituted: `= ${numbers.join(" + ")}${long ? " + …" : ""} = ${show(value)}`,
    facts: [],
  };
}

/** A factor with k where the sum runs: over the rows of matmul's b, over the columns of all others. */
function running(one: Operand, op: string): string {
  const index = one.index.map(String);
  index[index.length - (op === "matmul" && one.role === "b" ? 2 : 1)] = "k";
  return cellSymbol(one.tensor, index);
}

const ROW_FORMULA: { readonly [op: string]: readonly [formula: string, term: string] } = {
  softmax: ["exp(x − max) / Σⱼ exp(xⱼ − max)", "exp(x − max)"],
  log_softmax: ["x − ln Σⱼ exp(xⱼ)", "probability"],
  layernorm: ["(x − mean) / √(variance + ε)", "x − mean"],
  rmsnorm: ["x / √(mean of x² + ε)", "x²"],
};

function describeRow(graph: Graph, { tensor, index, flat }: Cell, operands: readonly Operand[], value: number): Description {
  const row = operands.filter((one) => one.role === "x");
  const extra = operands.filter((one) => one.role !== "x");
  const x = row[last(index)];
  const { facts, share, body } = readRow(graph, tensor, Math.floor(flat / row.length), row, x.value);
  const [formula, termName] = ROW_FORMULA[tensor.op];
  const sign = (one: Operand) => (one.role === "gain" ? "·" : "+");
  return {
    symbolic: `${cellSymbol(tensor, index)} = ${formula}${extra.map((one) => ` ${sign(one)} ${symbol(one)}`).join("")},  x = ${symbol(x)}`,
    termName,
    // Logits that the record leaves out have no place among the terms; logsumexp counts them all the same.
    terms: [
      ...row.filter((one) => !Number.isNaN(one.value)).map((one) => ({ factors: [one], value: share(one.value) })),
      ...extra.map((one) => ({ factors: [one], value: one.value })),
    ],
    substituted: `= ${body}${extra.map((one) => ` ${sign(one)} ${parenthesised(one.value)}`).join("")} = ${show(value)}`,
    facts,
  };
}

interface Row {
  readonly facts: Description["facts"]; // what the whole row shares
  readonly body: string; // the formula with numbers, before gain and bias
  share(x: number): number; // what a cell of the row contributes
}

function readRow(graph: Graph, tensor: Tensor, row: number, cells: readonly Operand[], x: number): Row {
  const numbers = Float64Array.from(cells, (one) => one.value);
  const [first, second] = ROWS[tensor.op].statistics(numbers, 0, numbers.length, Number(tensor.attributes.eps ?? 0));
  switch (tensor.op) {
    case "softmax":
      return {
        facts: [["max", first], ["Σ exp(x − max)", second]],
        body: second === 0 ? "0, for nothing may be seen" : `exp(${show(x)} − ${parenthesised(first)}) / ${show(second)}`,
        share: (one) => Math.exp(one - first),
      };
    case "log_softmax": {
      const total = numbers.some(Number.isNaN) ? graph.statistic(tensor.name, "logsumexp")?.[row] ?? NaN : first + Math.log(second);
      return { facts: [["ln Σ exp(x)", total]], body: `${show(x)} − ${parenthesised(total)}`, share: (one) => Math.exp(one - total) };
    }
    case "layernorm":
      return {
        facts: [["mean", first], ["√(variance + ε)", second]],
        body: `(${show(x)} − ${parenthesised(first)}) / ${show(second)}`,
        share: (one) => one - first,
      };
    default:
      return { facts: [["√(mean of x² + ε)", second]], body: `${show(x)} / ${show(second)}`, share: (one) => one * one };
  }
}

function describeSimple(cell: Cell, operands: readonly Operand[], value: number): Description {
  const { tensor, index } = cell;
  const [a, b] = operands;
  const made = (symbolic: string, substituted: string): Description => ({
    symbolic: `${symbol(cell)} = ${symbolic}`,
    substituted: `= ${substituted} = ${show(value)}`,
    termName: "value",
    terms: operands.map((one) => ({ factors: [one], value: one.value })),
    facts: [],
  });
  const same = (one: Operand): Description => ({ ...made(symbol(one), ""), substituted: `= ${show(value)}` });
  switch (tensor.op) {
    case "parameter":
    case "input":
      return { ...made("", ""), symbolic: symbol(cell), substituted: `= ${show(value)}` };
    case "lookup":
      return same(b ?? a);
    case "split_heads":
    case "merge_heads":
      return same(a);
    case "add":
      return made(`${symbol(a)} + ${symbol(b)}`, `${show(a.value)} + ${parenthesised(b.value)}`);
    case "multiply":
      return made(`${symbol(a)} · ${symbol(b)}`, `${parenthesised(a.value)} · ${parenthesised(b.value)}`);
    case "scale":
      return made(`${symbol(a)} · ${tensor.attributes.text}`, `${parenthesised(a.value)} · ${show(Number(tensor.attributes.factor))}`);
    case "mask":
      return made(`${symbol(a)} where the mask lets it be seen, else −∞`, b.value === 0 ? "seen" : `hidden: ${MASK_REASONS[b.value]}`);
    case "relu":
      return made(`max(0, ${symbol(a)})`, `max(0, ${show(a.value)})`);
    case "gelu":
      return made(`x · Φ(x),  x = ${symbol(a)}`, `${parenthesised(a.value)} · Φ(${show(a.value)})`);
    case "silu":
      return made(`x / (1 + exp(−x)),  x = ${symbol(a)}`, `${show(a.value)} / (1 + exp(${show(-a.value)}))`);
    case "positions": {
      const width = last(tensor.shape);
      const { base, layout, start } = tensor.attributes;
      const { pair, sine } = positionPair(last(index), width, layout);
      const [p, f] = [Number(start ?? 0) + index[0], sine ? "sin" : "cos"];
      const exponent = `${2 * pair}/${width}`;
      return made(`${f}(${p} / ${base}^(${exponent}))`, `${f}(${show(angle(p, pair, width, Number(base)))})`);
    }
    default: {
      // rotary
      const [width, odd] = [last(tensor.shape), last(index) % 2 === 1];
      const position = Number(tensor.attributes.start ?? 0) + index[index.length - 2];
      const at = angle(position, Math.floor(last(index) / 2), width, Number(tensor.attributes.base));
      const [first, second] = odd ? [b, a] : [a, b];
      const sign = odd ? "+" : "−";
      return made(
        `${symbol(first)}·cos θ ${sign} ${symbol(second)}·sin θ,  θ = ${position} / ${tensor.attributes.base}^(${2 * Math.floor(last(index) / 2)}/${width})`,
        `${parenthesised(first.value)}·${parenthesised(Math.cos(at))} ${sign} ${parenthesised(second.value)}·${parenthesised(Math.sin(at))}`,
      );
    }
  }
}
