// One step of training on what a graph's sentence says, where the record has none: computed in the page
// (Python: glass/training_step.py, which explains it).

import { signal, type Signal } from "@preact/signals";
import { breath } from "./breath";
import { takesSentences } from "./engine/sentence";
import { gradients } from "./gradients";
import { Graph } from "./graph";
import type { Trace, TrainingStep } from "./record";
import { last, type Numbers } from "./shapes";
import { logSumExp, softmax } from "./temperature";
import { dot, rowOf } from "./vectors";

const RATE = 0.1; // of the step that is shown

/** Whether there is a step, or the page can compute one: what it writes must come to an end. */
export const hasStep = (trace: Trace): boolean => trace.training_step !== undefined || (trace.decode?.finished === true && takesSentences(trace));

const steps = new WeakMap<Graph, Signal<TrainingStep | null>>();

/** The step, recorded or computed here; null while it is being computed. */
export function stepOf(graph: Graph): TrainingStep | null {
  if (graph.recorded.training_step) return graph.recorded.training_step;
  if (!steps.has(graph)) {
    const step = signal<TrainingStep | null>(null);
    steps.set(graph, step);
    void trainingStep(graph.recorded).then((found) => (step.value = found));
  }
  return steps.get(graph)!.value;
}

/** The losses before and after one step of gradient descent, and one weight's way through it. */
export async function trainingStep(record: Trace): Promise<TrainingStep> {
  const graph = new Graph(record, "");
  const said = record.decode!.steps.map(({ chosen }) => chosen.id);
  await breath();
  const losses = lossesOf(graph, said);
  await breath();
  const outer = `decoder.${Number(record.model.decoder_layers) - 1}.feed_forward.outer`;
  const parameters = record.tensors.filter(({ op }) => op === "parameter").map(({ name }) => name);
  const [slopes, ...found] = gradients(graph, lossGradient(graph, said), [outer, ...parameters]);
  const gradient = new Map(parameters.map((name, i) => [name, found[i]]));
  const weight = weightOf(graph, outer, slopes, gradient.get(`${outer}.weight`)!);
  await breath();
  graph.edits.value = new Map(parameters.map((name) => [name, moved(graph.original(name)!, gradient.get(name)!)]));
  return { rate: RATE, losses, losses_after: lossesOf(graph, said), weight };
}

const moved = (values: Numbers, gradient: Float64Array): Float64Array => Float64Array.from(values, (value, i) => value - RATE * gradient[i]);

const logitsAt = (graph: Graph, step: number): Numbers => rowOf(graph.values("logits")!, last(graph.tensor("logits").shape), step);

/** -ln p of each token that is said. */
const lossesOf = (graph: Graph, said: readonly number[]): number[] =>
  said.map((id, step) => logSumExp(logitsAt(graph, step)) - logitsAt(graph, step)[id]);

/** L = 1/T Σ -ln p: dL/d logit = (p - 1 where it is the token that is said) / T. */
function lossGradient(graph: Graph, said: readonly number[]): Float64Array {
  const [rows, width] = graph.tensor("logits").shape;
  const down = new Float64Array(rows * width);
  said.forEach((id, step) => {
    softmax(logitsAt(graph, step)).forEach((p, other) => (down[step * width + other] = (p - Number(other === id)) / said.length));
  });
  return down;
}

/** The weight of a linear layer with the largest gradient, which is Σ_t slope_t · input_t over the places. */
function weightOf(graph: Graph, layer: string, down: Float64Array, gradient: Float64Array): TrainingStep["weight"] {
  const name = `${layer}.weight`;
  const [, width] = graph.tensor(name).shape;
  const at = gradient.reduce((best, slope, i) => (Math.abs(slope) > Math.abs(gradient[best]) ? i : best), 0);
  const [row, column] = [Math.floor(at / width), at % width];
  const { shape: [places, rows], operands } = graph.tensor(layer);
  const x = graph.values(operands.x)!;
  const of = (values: ArrayLike<number>, stride: number, place: number) => Array.from({ length: places }, (_, t) => values[t * stride + place]);
  const [slopes, inputs, before] = [of(down, rows, row), of(x, width, column), graph.original(name)![at]];
  const total = dot(slopes, inputs);
  return { name, row, column, slopes, inputs, gradient: total, before, after: before - RATE * total };
}
