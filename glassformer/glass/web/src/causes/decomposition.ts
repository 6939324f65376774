// Direct logit attribution: the logit difference as a sum over embedding, position, heads, feed-forward blocks and
// biases, each norm's scale held at what it was (Python: glass/causes/decomposition.py; Elhage et al. 2021).

import type { Graph } from "../graph";
import { normOf } from "../ops/norms";
import type { Cause, Tensor, Term } from "../record";
import { last, type Numbers } from "../shapes";
import { dot, mean, rowOf } from "../vectors";

/** The terms of logit(A) - logit(B) at the graph's last step, from the output layer down to the embedding. */
export function decomposition(graph: Graph, { a, b, step }: Cause["contrast"]): Term[] {
  const { operands, shape } = graph.tensor("logits");
  const table = graph.values(operands.weight)!;
  const width = table.length / last(shape);
  const down = minus(rowOf(table, width, a.id), rowOf(table, width, b.id));
  const bias = operands.bias ? [term(operands.bias, graph.values(operands.bias)![a.id] - graph.values(operands.bias)![b.id])] : [];
  return [...bias, ...termsOf(graph, operands.x, step, down)];
}

type Row = ArrayLike<number>;
const minus = (a: Row, b: Row): Float64Array => Float64Array.from(a, (value, i) => value - b[i]);
const term = (tensor: string, value: number): Term => ({ tensor, value, head: null, by_key: null });
const state = (graph: Graph, name: string, step: number): Numbers => rowOf(graph.values(name)!, last(graph.tensor(name).shape), step);

/** The terms of down · x[step], x being the tensor called `name`. */
function termsOf(graph: Graph, name: string, step: number, down: Float64Array): Term[] {
  const tensor = graph.tensor(name);
  if (normOf(tensor.op)) return throughNorm(graph, tensor, step, down);
  if (tensor.op === "add") return Object.values(tensor.operands).flatMap((part) => termsOf(graph, part, step, down));
  if (tensor.op === "linear") return ofSublayer(graph, tensor, step, down);
  return [term(name, dot(down, state(graph, name, step)))];
}

/** A norm is linear once its scale is frozen: (x - mean(x)) / s · gain + bias; taking out the mean is its own transpose. */
function throughNorm(graph: Graph, { op, operands, attributes }: Tensor, step: number, down: Float64Array): Term[] {
  const norm = normOf(op)!;
  const bias = operands.bias ? [term(operands.bias, dot(down, graph.values(operands.bias)!))] : [];
  const gain = graph.values(operands.gain)!;
  const [, scale] = norm.shared(state(graph, operands.x, step), Number(attributes.eps));
  const scaled = down.map((value, i) => value * gain[i]);
  const middle = norm.centred ? mean(scaled) : 0;
  return [...bias, ...termsOf(graph, operands.x, step, scaled.map((value) => (value - middle) / scale))];
}

/** A sublayer's output is linear in what it is made of: for attention in the heads, else in the row below. */
function ofSublayer(graph: Graph, output: Tensor, step: number, down: Float64Array): Term[] {
  const { weight, bias, x } = output.operands;
  const own = bias ? [term(bias, dot(down, graph.values(bias)!))] : [];
  const inner = graph.tensor(x);
  const through = transposed(graph.values(weight)!, down);
  if (inner.op !== "merge_heads") return [...own, term(output.name, dot(through, state(graph, x, step)))];
  const heads = graph.tensor(inner.operands.x);
  const [count, rows, width] = heads.shape;
  const values = graph.values(heads.name)!;
  return [...own, ...Array.from({ length: count }, (_, head): Term => {
    const part = through.subarray(head * width, (head + 1) * width);
    return { tensor: heads.name, head, value: dot(part, rowOf(values, width, head * rows + step)), by_key: byKey(graph, heads, head, step, part) };
  })];
}

/** downᵀ W */
function transposed(weight: Numbers, down: Float64Array): Float64Array {
  const width = weight.length / down.length;
  const result = new Float64Array(width);
  down.forEach((value, row) => {
    for (let column = 0; column < width; column++) result[column] += value * weight[row * width + column];
  });
  return result;
}

/** A head's sum of weighted values, each place's share apart. */
function byKey(graph: Graph, { operands, op }: Tensor, head: number, step: number, down: Float64Array): number[] | null {
  if (op !== "matmul") return null;
  const [weights, values] = [graph.tensor(operands.a), graph.tensor(operands.b)];
  const [heads, rows, keys] = weights.shape;
  const [groups, , width] = values.shape;
  const group = Math.floor(head / (heads / groups));
  const row = rowOf(graph.values(operands.a)!, keys, head * rows + step);
  return Array.from(row, (weight, key) => weight * dot(down, rowOf(graph.values(operands.b)!, width, group * keys + key)));
}
