// The page's own translation of a sentence: the tokenizer of the record, then greedy search, the likeliest token at
// each step, as `Translator.translate(sentence, beam=1)` does it in Python.

import { Graph } from "../graph";
import { OPS } from "../ops";
import type { Axis, Candidate, Decode, Step, Trace, TranslatorData } from "../record";
import { last, size, type Numbers } from "../shapes";
import { axisOf, shown, strip } from "../text/axis";
import { Tokenizer, type TextToken } from "../text/tokenizer";
import { logSumExp } from "../temperature";
import { withTokens } from "./sentence";

/** Why a sentence cannot be translated, in one line for its reader. */
export class SentenceError extends Error {}

/** Awaited between two tokens, with what is written so far, so that the page stays alive; false ends it. */
export type Pause = (written: string) => Promise<boolean>;

const CANDIDATES = 10; // likeliest tokens kept of each step, as in a record of Python's

interface Tokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

const opened = new WeakMap<Trace, Promise<Tokenizers>>();

/** The tokenizers of a record, opened when first asked for. */
export function tokenizersOf(record: Trace): Promise<Tokenizers> {
  if (!opened.has(record)) opened.set(record, open(record));
  return opened.get(record)!;
}

async function open({ translator, vocabulary }: Trace): Promise<Tokenizers> {
  const { source, target } = translator!;
  const reader = await Tokenizer.open(source, vocabulary!.source ?? vocabulary!.target);
  return { source: reader, target: target ? await Tokenizer.open(target, vocabulary!.target) : reader };
}

/** The record of another sentence, computed here; null where `pause` ended it. SentenceError where it cannot be. */
export async function translate(record: Trace, sentence: string, pause: Pause): Promise<Trace | null> {
  const { source: reader, target: writer } = await tokenizersOf(record);
  const text = strip(sentence);
  const source = sourceAxis(record, reader, text);
  const { max_length } = record.translator!;
  if (!text || source.size === 0) throw new SentenceError("There is no sentence: it is blank.");
  if (source.size > max_length) throw new SentenceError(`The sentence has ${source.size} tokens with </s>; this model reads at most ${max_length}. Shorten it.`);
  const ids = await search(record, source, writer, pause);
  if (ids === null) return null;
  const translation = writer.decode(ids);
  const spoken = withTokens(record, { source, target: readAxis(record, writer, ids, translation) });
  return { ...spoken, meta: { ...record.meta, title: `${text} → ${translation}` }, decode: decodeOf(new Graph(spoken, ""), writer, ids, translation) };
}

const HALF = /\p{Surrogate}/u; // of a surrogate pair

/** The tokens that the encoder reads: the target's symbol, where the record's sentence has one, the text's, and `</s>`. */
function sourceAxis({ axes, translator }: Trace, tokenizer: Tokenizer, text: string): Axis {
  if (HALF.test(text)) throw new SentenceError("The text holds half of a surrogate pair, which is no character.");
  const [first] = axes.source.tokens!;
  const symbol = first?.special && first.id !== translator!.end ? [tokenizer.controlToken(first.id, 0)] : [];
  const spoken = tokenizer.tokens(text);
  const tokens: TextToken[] = [...symbol, ...spoken, tokenizer.controlToken(translator!.end, Array.from(text).length)];
  const readAs = tokenizer.decode(spoken.map(({ id }) => id));
  return { ...axisOf(text, tokens), ...(readAs === text ? {} : { read_as: readAs }) };
}

/** What the decoder reads while it writes `ids`: the start, then each but the last. */
const readAxis = (record: Trace, tokenizer: Tokenizer, ids: readonly number[], text: string): Axis =>
  axisOf(text, tokenizer.tokensOf([startOf(record), ...ids.slice(0, -1)]));

const startOf = ({ model }: Trace): number => Number(model.decoder_start_id);

/** The most tokens that a source of so many may give, `</s>` included (Python: SearchOptions.limit). */
const limitOf = ({ max_length, max_length_ratio, max_length_extra }: TranslatorData, source: number): number =>
  Math.min(max_length, Math.floor(max_length_ratio * source) + max_length_extra);

/** Greedy search: the likeliest token that is not forbidden, of equally likely ones the lowest id, until `</s>` or the limit. */
async function search(record: Trace, source: Axis, tokenizer: Tokenizer, pause: Pause): Promise<number[] | null> {
  const { end, forbidden } = record.translator!;
  const ids: number[] = [];
  let encoded: ReadonlyMap<string, Numbers> = new Map();
  const most = limitOf(record.translator!, source.size);
  while (ids.length < most && ids.at(-1) !== end) {
    const graph = new Graph(withTokens(record, { source, target: readAxis(record, tokenizer, [...ids, end], "") }), "");
    graph.edits.value = encoded;
    if (encoded.size === 0) encoded = fromTheSource(graph);
    ids.push(likeliest(lastRow(graph, "logits"), forbidden));
    if (!(await pause(tokenizer.decode(ids)))) return null;
  }
  return ids;
}

/** What the decoder reads of the source: the same at every step, so it is computed once. */
function fromTheSource(graph: Graph): ReadonlyMap<string, Numbers> {
  const ofTarget = graph.trace.tensors.filter(({ axes }) => axes.includes("target"));
  const read = new Set(ofTarget.flatMap(({ operands }) => Object.values(operands)));
  const kept = graph.trace.tensors.filter(({ name, axes, operands }) => read.has(name) && axes.includes("source") && !axes.includes("target") && Object.keys(operands).length > 0);
  return new Map(kept.map(({ name }) => [name, graph.values(name)!]));
}

/** The last row of a tensor, without computing the others. */
function lastRow(graph: Graph, name: string): Float32Array {
  const node = graph.node(name);
  const width = last(node.shape);
  const value = OPS[node.op].value(node);
  return Float32Array.from({ length: width }, (_, column) => value(size(node.shape) - width + column));
}

function likeliest(logits: Float32Array, forbidden: readonly number[]): number {
  let best = -1;
  for (let id = 0; id < logits.length; id++) {
    if (!forbidden.includes(id) && (best < 0 || logits[id] > logits[best])) best = id;
  }
  return best;
}

function decodeOf(graph: Graph, tokenizer: Tokenizer, ids: readonly number[], text: string): Decode {
  const { end, length_penalty } = graph.trace.translator!;
  const read = [startOf(graph.trace), ...ids];
  const steps = ids.map((id, step) => stepOf(graph, tokenizer, step, read[step], id));
  const log_prob = steps.reduce((sum, { chosen }) => sum + chosen.log_prob, 0);
  const score = log_prob / ((5 + ids.length) / 6) ** length_penalty; // Wu et al. 2016, formula 14
  return { strategy: "greedy", options: { beam: 1, length_penalty }, text, log_prob, score, finished: ids.at(-1) === end, steps };
}

/** One step as a record has it (Python: glass/decode_step.py). */
function stepOf(graph: Graph, tokenizer: Tokenizer, step: number, read: number, chosen: number): Step {
  const width = last(graph.tensor("logits").shape);
  const row = (name: string): readonly number[] => Array.from(graph.values(name)!.subarray(step * width, (step + 1) * width));
  const [logits, logProbs] = [row("logits"), row("log_probs")];
  const named = (id: number) => ({ id, piece: tokenizer.pieces[id], text: shown(tokenizer.pieces[id]) });
  const candidate = (id: number): Candidate => ({
    ...named(id),
    logit: logits[id],
    log_prob: logProbs[id],
    probability: Math.exp(logProbs[id]),
    rank: logits.reduce((count, one) => count + (one > logits[id] ? 1 : 0), 0),
    forbidden: graph.trace.translator!.forbidden.includes(id),
  });
  const best = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b).slice(0, CANDIDATES);
  const entropy = -logProbs.reduce((sum, one) => sum + (one > -Infinity ? Math.exp(one) * one : 0), 0);
  return { step, read: named(read), chosen: candidate(chosen), candidates: best.map(candidate), entropy, logsumexp: logSumExp(logits) };
}
