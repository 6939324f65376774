// A question at each stop of the tour, to be answered before one looks. What is right is computed from the record.

import type { Graph } from "../../graph";
import { placeText } from "../../labels";
import { percent, show } from "../../numbers";
import { ACTIVATIONS } from "../../ops/elementwise";
import { normOf } from "../../ops/norms";
import type { Stop, Tensor } from "../../record";
import { last } from "../../shapes";
import { cosine, deviation, length, mean, rootMeanSquare, rowOf } from "../../vectors";
import { entropy } from "../attentionWeights";

export interface Question {
  readonly ask: string;
  readonly options: readonly string[]; // each once
  readonly right: number; // which of them
  readonly because: string; // the numbers that decide it
  readonly cell?: readonly [tensor: string, index: readonly number[]]; // where the decisive number is explained
}

/** The stop's question; null where the record has too little to ask about. */
export function questionOf(graph: Graph, stop: Stop): Question | null {
  const carried = stop.tensors.filter((name) => graph.has(name) && graph.values(name)).map((name) => graph.tensor(name));
  return ASKED[stop.id]?.(graph, carried) ?? largest(graph, carried);
}

type Ask = (graph: Graph, tensors: readonly Tensor[]) => Question | null;

const tokenization: Ask = ({ trace }) => {
  const axis = trace.axes.source;
  if (!axis?.tokens) return null;
  const words = new Set(axis.tokens.map(({ word }) => word).filter((word) => word !== null)).size;
  const characters = Array.from(axis.text ?? "").length;
  return amongNumbers("How many tokens does the encoder read of this sentence?", axis.size, [words, characters, axis.size + 2, axis.size - 1],
    `${characters} characters, ${words} words, ${axis.size} tokens: ${axis.tokens.map(({ text, piece }) => text.trim() || piece).join(" · ")}.`);
};

const embeddings: Ask = (graph, [tensor]) => {
  if (tensor?.shape.length !== 2) return null;
  const row = rowsOf(graph, tensor);
  const places = wordPlaces(graph, tensor);
  if (places.length < 3) return null;
  const asked = places.reduce((a, b) => (word(graph, tensor, b).length > word(graph, tensor, a).length ? b : a)); // the least likely to be "the"
  const others = places.filter((place) => place !== asked);
  const near = others.map((place) => ({ place, cosine: cosine(row(asked), row(place)) }));
  return amongPlaces(graph, tensor, `Of which word does the row of numbers point most nearly where that of “${word(graph, tensor, asked)}” points?`,
    near.map(({ place, cosine }) => [place, cosine]), `The cosines: ${near.map(({ place, cosine }) => `${word(graph, tensor, place)} ${show(cosine)}`).join(", ")}.`);
};

/** Added positions: which pattern is nearest to that of place 0. Turned ones: which pair is turned furthest. */
const positions: Ask = (graph, tensors) => {
  const turned = tensors.find(({ op }) => op === "rotary");
  if (turned) return turning(graph, turned);
  const tensor = tensors.find(({ shape }) => shape.length === 2 && shape[0] > 2);
  if (!tensor) return null;
  const row = rowsOf(graph, tensor);
  const near = spread(tensor.shape[0] - 1).map((i) => [i + 1, cosine(row(0), row(i + 1))] as const);
  const best = near.reduce((a, b) => (b[1] > a[1] ? b : a));
  return amongNumbers("Which place's pattern is most like that of place 0?", best[0], near.map(([place]) => place),
    `Their cosines with place 0: ${near.map(([place, value]) => `place ${place}: ${show(value)}`).join(", ")}.`);
};

function turning(graph: Graph, tensor: Tensor): Question | null {
  const [, rows, width] = tensor.shape;
  const [before, after] = [graph.values(tensor.operands.x), graph.values(tensor.name)!];
  if (rows < 2 || width < 4 || !before) return null;
  const pairs = spread(width / 2);
  const angle = (pair: number) => {
    const [x, y] = [before, after].map((values) => Math.atan2(values[width + 2 * pair + 1], values[width + 2 * pair]));
    return Math.abs(((y - x + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);
  };
  const name = (pair: number) => `columns ${2 * pair} and ${2 * pair + 1}`;
  return best("One place further, every pair of columns is turned. Which of these the furthest?", pairs.map((pair) => [name(pair), angle(pair)]),
    `At place 1: ${pairs.map((pair) => `${name(pair)} by ${show(angle(pair))} radians`).join(", ")}.`);
}

const attention: Ask = (graph, tensors) => {
  const weights = tensors.find(({ op }) => op === "softmax");
  if (!weights) return null;
  const row = meanRows(graph, weights);
  const asked = wordPlaces(graph, weights, weights.shape.length - 2).reduce((a, b) => (entropy(row(b)) < entropy(row(a)) ? b : a), 0);
  return amongPlaces(graph, weights, `At which word does “${word(graph, weights, asked, -2)}” look most${weights.shape.length > 2 ? ", on average over the heads" : ""}?`,
    Array.from(row(asked), (weight, place) => [place, weight] as const),
    `The largest weight is ${show(Math.max(...row(asked)))}. That is where it reads; whether it decides anything, only an intervention shows.`);
};

const projections: Ask = (graph, tensors) => {
  const tensor = tensors.find(({ op, shape }) => shape.length === 2 && op !== "parameter" && op !== "input");
  if (!tensor) return null;
  const [n, width] = tensor.shape;
  const input = graph.tensor(Object.values(tensor.operands)[0]);
  const shape = (a: number, b: number) => `${a} × ${b}`;
  const right = shape(n, width);
  return made(`${n} tokens of ${last(input.shape)} numbers each are multiplied by one matrix. What is the shape of ${tensor.label}?`,
    [right, shape(n, n), shape(width, n), shape(last(input.shape), width + n)].sort(), right, `A row for each token, and ${width} columns: ${right}.`);
};

const scores: Ask = (graph, tensors) => {
  const weights = tensors.find(({ op }) => op === "softmax");
  const scaled = tensors.find(({ op }) => op === "scale");
  if (!weights || !scaled) return null;
  const width = last(weights.shape);
  const [logits, row] = [scaled, weights].map(({ name }) => graph.values(name)!.subarray(0, width));
  const order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a]);
  if (width < 2) return null;
  const share = row[order[0]];
  const [a, b] = order.map((place) => word(graph, weights, place, -1));
  return made(`The first row's largest scaled scores are ${show(logits[order[0]])} (${a}) and ${show(logits[order[1]])} (${b}). How large is the weight of “${a}”?`,
    ["under 50 %", "50 % to 90 %", "over 90 %"], share < 0.5 ? "under 50 %" : share <= 0.9 ? "50 % to 90 %" : "over 90 %",
    `Softmax makes ${percent(share)} of it: a lead of ${show(logits[order[0]] - logits[order[1]])} is a factor of e to that power.`,
    [weights.name, [...(weights.shape.length > 2 ? [0] : []), 0, order[0]]]);
};

const residual: Ask = (graph, tensors) => {
  const sum = tensors.find(({ op }) => op === "add");
  if (!sum || sum.shape.length !== 2) return null;
  const [x, f] = ["a", "b"].map((role) => graph.tensor(sum.operands[role]));
  if (!graph.values(x.name) || !graph.values(f.name)) return null;
  const place = wordPlaces(graph, sum)[0] ?? 0;
  const [there, added] = [x, f].map((tensor) => length(rowsOf(graph, tensor)(place)));
  const [LESS, HALF, MORE] = ["shorter than half of it", "between half of it and all of it", "longer than it"];
  return made(`How long is what the sublayer adds to “${word(graph, sum, place)}”, beside what was there?`, [LESS, HALF, MORE],
    added > there ? MORE : 2 * added < there ? LESS : HALF, `What was there has the length ${show(there)}, what is added ${show(added)}.`);
};

const normalization: Ask = (graph, tensors) => {
  const normed = tensors.find(({ op }) => normOf(op));
  const norm = normOf(normed?.op);
  if (!normed || !norm || !graph.values(normed.operands.x)) return null;
  const row = rowsOf(graph, graph.tensor(normed.operands.x))(0);
  const eps = Number(normed.attributes.eps ?? 0);
  const before = norm.centred ? deviation(row) : rootMeanSquare(row);
  const after = before / (norm.centred ? deviation(row, eps) : rootMeanSquare(row, eps));
  const right = show(Math.round(after * 100) / 100);
  const texts = [Math.round(after * 100) / 100, 0, before / 2, before].sort((a, b) => a - b).map(show);
  return made(`The first row has a ${norm.spread} of ${show(before)}. What is it after the norm, before gain and bias?`, texts, right,
    `${show(before)} / √(${show(before)}² + ε) = ${show(after)}.${norm.centred ? ` Its mean ${show(mean(row))} becomes 0.` : ""}`);
};

const heads: Ask = (graph, tensors) => {
  const weights = tensors.find(({ op, shape }) => op === "softmax" && shape.length === 3);
  if (!weights) return null;
  const [count, rows, width] = weights.shape;
  const values = graph.values(weights.name)!;
  const spreads = Array.from({ length: count }, (_, head) => mean(Array.from({ length: rows }, (_, i) => entropy(rowOf(values, width, head * rows + i)))));
  return best("Which head looks at the fewest places at once (the lowest mean entropy)?", spreads.slice(0, MOST).map((value, head) => [`head ${head}`, -value]),
    `Mean entropies in nats: ${spreads.map((value, head) => `head ${head} ${show(value)}`).join(", ")}.`);
};

const feedForward: Ask = (graph, tensors) => {
  const active = tensors.find(({ op }) => Object.hasOwn(ACTIVATIONS, op));
  if (!active) return null;
  const width = last(active.shape);
  const place = wordPlaces(graph, active)[0] ?? 0;
  const on = Array.from(rowsOf(graph, active)(place)).filter((value) => value > 0).length;
  return amongNumbers(`How many of the ${width} numbers of “${word(graph, active, place)}” are above 0 after the activation?`, on,
    [width, width - on, Math.round(width / 2), Math.round(width / 4)], `${on} of ${width} are.`);
};

const decoder: Ask = (graph, tensors) => {
  const weights = tensors.find(({ op, axes }) => op === "softmax" && axes.at(-1) === axes.at(-2));
  const masked = weights && graph.tensor(weights.operands.x);
  if (!masked || masked.op !== "mask") return null;
  const [rows, width] = weights.shape.slice(-2);
  const asked = Math.min(2, rows - 1);
  const seen = Array.from(rowOf(graph.values(masked.operands.mask)!, width, asked)).filter((reason) => reason === 0).length;
  return amongNumbers(`Row “${word(graph, weights, asked, -2)}” of the masked attention: at how many of the ${width} places may it look?`, seen,
    [width, seen - 1, width - seen, seen + 1].filter((count) => count > 0 && count <= width), `At ${seen}: itself and what stands before it. What comes later is masked.`);
};

const output: Ask = ({ trace }) => {
  const steps = trace.decode?.steps ?? [];
  if (steps.length === 0) return null;
  const step = steps.reduce((a, b) => (b.entropy > a.entropy ? b : a));
  const name = (text: string, piece: string) => text.trim() || piece;
  const listed = step.candidates.slice(0, MOST).map(({ text, piece, probability }) => [name(text, piece), probability] as const);
  if (new Set(listed.map(([text]) => text)).size < listed.length || listed.length < 2) return null;
  return best(`After “${step.read.text}”, which token does the model find the likeliest?`, [...listed].sort((a, b) => (a[0] < b[0] ? -1 : 1)),
    `Its probabilities: ${listed.map(([text, share]) => `${text} ${percent(share)}`).join(", ")}.`);
};

const inference: Ask = ({ trace }) => {
  const steps = trace.decode?.steps ?? [];
  const shown = [...steps].sort((a, b) => b.entropy - a.entropy).slice(0, MOST).sort((a, b) => a.step - b.step);
  if (shown.length < 2) return null;
  const name = ({ step, read, chosen }: (typeof steps)[number]) => `step ${step + 1}: ${read.text} → ${chosen.text}`;
  return best("At which step is the model least sure?", shown.map((step) => [name(step), step.entropy]),
    `Entropies in nats: ${shown.map((step) => `${name(step)} ${show(step.entropy)}`).join("; ")}.`);
};

const shiftedTarget: Ask = ({ trace }) => {
  const steps = trace.decode?.steps ?? [];
  const step = steps[Math.floor(steps.length / 2)];
  if (!step) return null;
  const name = ({ text, piece }: { text: string; piece: string }) => text.trim() || piece;
  const around = [step.read, step.chosen, ...steps.slice(step.step + 1, step.step + 3).map(({ chosen }) => chosen)].map(name);
  return made(`In training the decoder reads “${name(step.read)}” at place ${step.step}. Which token is it to predict there?`, around, name(step.chosen),
    `What is read is shifted by one place against what is to be said: at place ${step.step} it reads ${name(step.read)} and is to say ${name(step.chosen)}.`);
};

/** Of a translation as its own target; the loss of a place is −ln p of the token that is right there. */
const loss: Ask = ({ trace }) => {
  const steps = trace.decode?.steps ?? [];
  const shown = [...steps].sort((a, b) => a.chosen.log_prob - b.chosen.log_prob).slice(0, MOST).sort((a, b) => a.step - b.step);
  const name = ({ step, read, chosen }: (typeof steps)[number]) => `${step}: ${read.text} → ${chosen.text}`;
  return best("If this translation were the target, at which place would the loss −ln p be largest?", shown.map((step) => [name(step), -step.chosen.log_prob]),
    `The losses in nats: ${shown.map((step) => `${name(step)} ${show(-step.chosen.log_prob)}`).join("; ")}.`);
};

/** ∂(−ln p_y) / ∂z_y = p_y − 1, for the logit z_y of the right token y. */
const gradientStep: Ask = ({ trace }) => {
  const steps = trace.decode?.steps ?? [];
  if (steps.length === 0) return null;
  const { chosen } = steps.reduce((a, b) => (b.entropy > a.entropy ? b : a));
  const p = chosen.probability;
  const options = [p - 1, 0, 1 - p, p].map(show);
  return made(`The right token “${chosen.text.trim() || chosen.piece}” has the probability ${show(p)}. What is the gradient of its loss −ln p by its logit?`,
    options, show(p - 1), `It is p − 1 = ${show(p - 1)}: a step against it makes the logit larger, the more so the less probable the token was.`);
};

const summary: Ask = (graph) => {
  const hiding = (name: string) => (graph.values(name) ?? new Uint8Array()).some((reason) => reason >= 2);
  const masks = graph.trace.tensors.filter(({ op }) => op === "mask").map(({ name, operands }) => [kindOf(name), hiding(operands.mask)] as const);
  const kinds = [...new Map(masks)];
  const future = kinds.filter(([, hides]) => hides);
  if (kinds.length < 2 || future.length !== 1) return null;
  return made("Which attention must not see what comes later?", kinds.map(([kind]) => kind), future[0][0],
    `Only the mask of the ${future[0][0]} hides the future: while one translates, it is not written yet.`);
};

const ASKED: { readonly [stop: string]: Ask } = {
  tokenization, embeddings, positions, attention, query_key_value: projections, scores, residual, normalization, heads, feed_forward: feedForward,
  decoder, output, inference, shifted_target: shiftedTarget, loss, gradient_step: gradientStep, summary,
};

/** What can be asked of any matrix, here of the last: in which row its largest number stands. */
const largest: Ask = (graph, tensors) => {
  const tensor = [...tensors].reverse().find(({ shape }) => shape.length === 2 && shape[0] > 1 && shape[0] < 100);
  if (!tensor) return null;
  const row = rowsOf(graph, tensor);
  const tops = Array.from({ length: tensor.shape[0] }, (_, i) => [i, Math.max(...Array.from(row(i)).filter(Number.isFinite))] as const);
  return amongPlaces(graph, tensor, `In which row of ${tensor.label} does the largest number stand?`, tops, `It is ${show(Math.max(...tops.map(([, top]) => top)))}.`, 0);
};

// ---- parts

const MOST = 4; // options

const kindOf = (name: string): string => (/encoder/.test(name) ? "encoder's self-attention" : /cross/.test(name) ? "cross-attention" : "decoder's self-attention");

const rowsOf = (graph: Graph, tensor: Tensor) => (row: number) => rowOf(graph.values(tensor.name)!, last(tensor.shape), row);

/** The rows of weights, averaged over the heads. */
function meanRows(graph: Graph, { name, shape }: Tensor): (row: number) => Float64Array {
  const [rows, width] = shape.slice(-2);
  const count = shape.length > 2 ? shape[0] : 1;
  const values = graph.values(name)!;
  return (row) => Float64Array.from({ length: width }, (_, column) => {
    let sum = 0;
    for (let head = 0; head < count; head++) sum += values[(head * rows + row) * width + column];
    return sum / count;
  });
}

const word = (graph: Graph, tensor: Tensor, place: number, axis = 0): string =>
  placeText(graph, tensor, axis < 0 ? tensor.shape.length + axis : axis, place);

/** The places of an axis that are words of the text, each word once; of an axis without tokens, all. */
function wordPlaces(graph: Graph, tensor: Tensor, axis = 0): number[] {
  const tokens = graph.trace.axes[tensor.axes[axis]]?.tokens;
  const places = Array.from({ length: tensor.shape[axis] }, (_, i) => i);
  if (!tokens) return places;
  return places.filter((i) => !tokens[i].special && /^\p{L}{2}/u.test(tokens[i].text.trim()) && tokens.findIndex(({ id }) => id === tokens[i].id) === i);
}

/** A few places from the first to the last. */
const spread = (count: number): number[] => [...new Set([0, 1, 2, 3].map((i) => Math.round((i * (count - 1)) / 3)))];

/** A question among options; null where there are fewer than two. */
function made(ask: string, options: readonly string[], right: string, because: string, cell?: Question["cell"]): Question | null {
  const each = [...new Set(options)];
  return each.length < 2 ? null : { ask, options: each, right: each.indexOf(right), because, cell };
}

/** The option with the largest number is right. */
const best = (ask: string, options: readonly (readonly [string, number])[], because: string): Question | null =>
  options.length < 2 ? null : made(ask, options.map(([text]) => text), options.reduce((a, b) => (b[1] > a[1] ? b : a))[0], because);

/** The right number among others, in the order of their size. */
function amongNumbers(ask: string, right: number, others: readonly number[], because: string): Question | null {
  const wrong = [...new Set(others)].filter((n) => n !== right && n >= 0).slice(0, MOST - 1);
  return made(ask, [...wrong, right].sort((a, b) => a - b).map(String), String(right), because);
}

/** The place with the largest value, among those of the next largest; in the order of the text. Same words are one option. */
function amongPlaces(graph: Graph, tensor: Tensor, ask: string, values: readonly (readonly [place: number, value: number])[], because: string, axis = -1): Question | null {
  const at = tensor.shape.length === 2 && axis === -1 && tensor.op !== "softmax" ? 0 : axis;
  const order = [...values].sort((a, b) => b[1] - a[1]);
  const names = new Map<string, number>();
  for (const [place] of order) if (!names.has(word(graph, tensor, place, at))) names.set(word(graph, tensor, place, at), place);
  const shown = [...names].slice(0, MOST).sort((a, b) => a[1] - b[1]).map(([text]) => text);
  return made(ask, shown, word(graph, tensor, order[0][0], at), because);
}
