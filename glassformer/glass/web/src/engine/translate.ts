// The page's own translation of a sentence: the tokenizer of the record, then greedy search, the likeliest token at
// each step, as `Translator.translate(sentence, beam=1)` does it in Python.

import { Graph } from "../graph";
import type { Axis, Candidate, Decode, Said, Step, Trace } from "../record";
import { last } from "../shapes";
import { axisOf, shown, strip } from "../text/axis";
import { Tokenizer, type TextToken } from "../text/tokenizer";
import { logSumExp } from "../temperature";
import { beginningOf, following, limitOf, readAxis, startOf } from "./following";
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
  const ids = await greedy(record, source, writer, pause);
  if (ids === null) return null;
  const translation = writer.decode(ids);
  const spoken = withTokens(record, { source, target: readAxis(record, writer, ids, translation) });
  return { ...spoken, meta: { ...record.meta, title: `${text} → ${translation}` }, decode: decodeOf(new Graph(spoken, ""), writer, ids, translation) };
}

const HALF = /\p{Surrogate}/u; // of a surrogate pair

/**
 * The tokens that the encoder reads: the target's symbol, where the record's sentence has one, the text's, and `</s>`.
 * SentenceError where the model cannot read them.
 */
export function sourceAxis({ axes, translator }: Trace, tokenizer: Tokenizer, text: string): Axis {
  if (HALF.test(text)) throw new SentenceError("The text holds half of a surrogate pair, which is no character.");
  if (!text) throw new SentenceError("There is no sentence: it is blank.");
  const [first] = axes.source.tokens!;
  const symbol = first?.special && first.id !== translator!.end ? [tokenizer.controlToken(first.id, 0)] : [];
  const spoken = tokenizer.tokens(text);
  const tokens: TextToken[] = [...symbol, ...spoken, tokenizer.controlToken(translator!.end, Array.from(text).length)];
  const { max_length } = translator!;
  if (tokens.length > max_length) throw new SentenceError(`The sentence has ${tokens.length} tokens with </s>; this model reads at most ${max_length}. Shorten it.`);
  const readAs = tokenizer.decode(spoken.map(({ id }) => id));
  return { ...axisOf(text, tokens), ...(readAs === text ? {} : { read_as: readAs }) };
}

/** Greedy search: the likeliest token that is not forbidden, of equally likely ones the lowest id, until `</s>` or the limit. */
export async function greedy(record: Trace, source: Axis, tokenizer: Tokenizer, pause: Pause): Promise<number[] | null> {
  const { end, forbidden } = record.translator!;
  const next = following(record, source, tokenizer);
  const ids = beginningOf(record);
  const most = limitOf(record, source.size);
  while (ids.length < most && ids.at(-1) !== end) {
    ids.push(likeliest(next(ids), forbidden));
    if (!(await pause(tokenizer.decode(ids)))) return null;
  }
  return ids;
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

/** A token without a place. */
export const saidBy = ({ pieces }: Tokenizer, id: number): Said => ({ id, piece: pieces[id], text: shown(pieces[id]) });

/** One step as a record has it (Python: glass/decode_step.py). */
function stepOf(graph: Graph, tokenizer: Tokenizer, step: number, read: number, chosen: number): Step {
  const width = last(graph.tensor("logits").shape);
  const row = (name: string): readonly number[] => Array.from(graph.values(name)!.subarray(step * width, (step + 1) * width));
  const [logits, logProbs] = [row("logits"), row("log_probs")];
  const named = (id: number) => saidBy(tokenizer, id);
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
