// How much of each token read is in each state, by following mixtures through the layers: attention rollout (Abnar &
// Zuidema 2020) and ALTI+ (Ferrando et al. 2022). Python, where both are explained: glass/causes/attribution/mixing.py.

import type { Graph } from "../../graph";
import { normOf } from "../../ops/norms";
import { last, type Numbers } from "../../shapes";
import { mean, rowOf } from "../../vectors";
import type { Shares } from "./gradients";

/** One sublayer's shares: of each query's own row, and of each key. */
interface Mixture {
  readonly own: readonly number[];
  readonly keys: readonly Row[];
}
type Row = ArrayLike<number>;
type Mix = (graph: Graph, attention: string) => Mixture;

/** Attention rollout: half to itself, half to the keys by attention's weights, mean of the heads. */
export const rollout = (graph: Graph, step: number): Shares => follow(graph, step, halves);

/** ALTI+: by how near each summand of a sublayer's result comes to the result. */
export const contributions = (graph: Graph, step: number): Shares => follow(graph, step, nearness);

/** The shares of source tokens and of target tokens read in the state of one step. */
function follow(graph: Graph, step: number, mix: Mix): Shares {
  const { axes, model } = graph.recorded;
  const [sources, targets] = [axes.source.size, axes.target.size];
  let encoder: Float64Array[] = identity(sources);
  for (let layer = 0; layer < Number(model.encoder_layers); layer++) {
    encoder = mixed(mix(graph, `encoder.${layer}.self_attention`), encoder, encoder);
  }
  let target: Float64Array[] = identity(targets);
  let source: Float64Array[] = target.map(() => new Float64Array(sources));
  for (let layer = 0; layer < Number(model.decoder_layers); layer++) {
    const self = mix(graph, `decoder.${layer}.self_attention`);
    [source, target] = [mixed(self, source, source), mixed(self, target, target)];
    const cross = mix(graph, `decoder.${layer}.cross_attention`);
    source = mixed(cross, source, encoder);
    target = target.map((row, query) => row.map((share) => cross.own[query] * share));
  }
  return [[...source[step]], [...target[step].subarray(0, step + 1)]];
}

const identity = (n: number): Float64Array[] => Array.from({ length: n }, (_, row) => Float64Array.from({ length: n }, (_, column) => Number(row === column)));

/** own · rows + keys · others, query by query. */
const mixed = ({ own, keys }: Mixture, rows: readonly Float64Array[], others: readonly Float64Array[]): Float64Array[] =>
  rows.map((row, query) => row.map((share, token) => own[query] * share + others.reduce((sum, other, key) => sum + keys[query][key] * other[token], 0)));

function halves(graph: Graph, attention: string): Mixture {
  const { shape: [heads, queries, width] } = graph.tensor(`${attention}.weights`);
  const weights = graph.values(`${attention}.weights`)!;
  const keys = Array.from({ length: queries }, (_, query) => {
    const row = new Float64Array(width);
    for (let head = 0; head < heads; head++) rowOf(weights, width, head * queries + query).forEach((weight, key) => (row[key] += weight / heads / 2));
    return row;
  });
  return { own: keys.map(() => 0.5), keys };
}

/** max(0, |y| − |y − T|) of each summand T of a row y of the result, in the L1 norm, as shares of their sum. */
function nearness(graph: Graph, attention: string): Mixture {
  const rows = summands(graph, attention).map(({ keys, own, result }) => {
    const size = l1(result);
    const near = (part: Row) => Math.max(0, size - l1(result.map((value, i) => value - part[i])));
    const [self, others] = [near(own), keys.map(near)];
    const total = others.reduce((sum, one) => sum + one, self);
    return total === 0 ? { own: 1, keys: others } : { own: self / total, keys: others.map((one) => one / total) }; // of none that comes near, the row stays itself
  });
  return { own: rows.map(({ own }) => own), keys: rows.map(({ keys }) => keys) };
}

const l1 = (row: Float64Array): number => row.reduce((sum, value) => sum + Math.abs(value), 0);

/** What each key and the residual add to a row of a sublayer's result, and the result. */
interface Summands {
  readonly keys: readonly Float64Array[];
  readonly own: Float64Array;
  readonly result: Float64Array;
}

function summands(graph: Graph, attention: string): Summands[] {
  const residual = graph.tensor(`${attention}_norm.residual`);
  const width = last(residual.shape);
  const row = (name: string, query: number) => Float64Array.from(rowOf(graph.values(name)!, width, query));
  const norm = graph.has(`${attention}_norm.norm`) ? graph.tensor(`${attention}_norm.norm`) : null;
  const after = norm?.operands.x === residual.name ? norm : null; // else, pre-norm: the sum is the result
  const values = outputsOf(graph, attention);
  return Array.from({ length: residual.shape[0] }, (_, query) => {
    const through = after ? frozen(graph, after.name, query) : (x: Float64Array) => x;
    return { keys: values(query).map(through), own: through(row(residual.operands.a, query)), result: row(after?.name ?? residual.name, query) };
  });
}

/** A norm with its scale held at that of one row, without its bias. */
function frozen(graph: Graph, name: string, query: number): (x: Float64Array) => Float64Array {
  const { op, operands, attributes, shape } = graph.tensor(name);
  const { shared, centred } = normOf(op)!;
  const gain = graph.values(operands.gain)!;
  const [, scale] = shared(rowOf(graph.values(operands.x)!, last(shape), query), Number(attributes.eps));
  return (x) => {
    const middle = centred ? mean(x) : 0;
    return x.map((value, i) => ((value - middle) / scale) * gain[i]);
  };
}

/** What each key adds to attention's output at a query: over the heads, weight · value, through the output's weight. */
function outputsOf(graph: Graph, attention: string): (query: number) => Float64Array[] {
  const { shape: [heads, queries, keys] } = graph.tensor(`${attention}.weights`);
  const { shape: [groups, , width] } = graph.tensor(`${attention}.value_heads`);
  const [weights, values] = [graph.values(`${attention}.weights`)!, graph.values(`${attention}.value_heads`)!];
  const output = graph.values(`${attention}.output.weight`)!;
  const outputs = Array.from({ length: heads * keys }, (_, i) => {
    const [head, key] = [Math.floor(i / keys), i % keys];
    const group = Math.floor(head / (heads / groups));
    return projected(output, heads * width, head * width, rowOf(values, width, group * keys + key));
  });
  return (query) => Array.from({ length: keys }, (_, key) => {
    const sum = new Float64Array(outputs[0].length);
    for (let head = 0; head < heads; head++) {
      const weight = weights[(head * queries + query) * keys + key];
      if (weight !== 0) outputs[head * keys + key].forEach((value, i) => (sum[i] += weight * value));
    }
    return sum;
  });
}

/** One head's value through its columns of the output's weight. */
function projected(output: Numbers, columns: number, first: number, value: Numbers): Float64Array {
  return Float64Array.from({ length: output.length / columns }, (_, row) => {
    let sum = 0;
    for (let k = 0; k < value.length; k++) sum += output[row * columns + first + k] * value[k];
    return sum;
  });
}
