// The question: which two words, at which step, and perhaps beside which other sentence (Python: glass/causes/asking.py).

import { readAxis } from "../engine/following";
import { withTokens } from "../engine/sentence";
import { greedy, saidBy, SentenceError, sourceAxis, tokenizersOf, type Pause } from "../engine/translate";
import { Graph } from "../graph";
import type { Axis, Cause, Trace } from "../record";
import { last, type Numbers } from "../shapes";
import { axisOf, strip } from "../text/axis";
import type { Tokenizer } from "../text/tokenizer";
import type { Question as Asked } from "../url";
import { align, wordSpans } from "./align";
import { opcodes } from "./difflib";

/** The question, and the record of what is read up to its step. */
export interface Question {
  readonly reading: Trace;
  readonly contrast: Cause["contrast"];
  readonly second: Cause["second"];
}

interface Choice {
  readonly step: number;
  readonly a: number;
  readonly b: number;
}

/** Makes a question of what is asked; null where `pause` ended it. SentenceError where it is none. */
export async function ask(record: Trace, asked: Asked, pause: Pause): Promise<Question | null> {
  const { source: reader, target: writer } = await tokenizersOf(record);
  const source = unpadded(record.axes.source);
  const ids = idsOf(record);
  if (asked.step !== null && asked.step >= ids.length) throw new SentenceError(`The translation has ${ids.length} steps, so there is no step ${asked.step + 1} to ask about.`);
  const wanted = asked.step === null ? ids.map((_, step) => step) : [asked.step];
  const own = logProbs(record, writer, source, ids);
  if (asked.versus === null) return questionOf(record, writer, source, ids, likeliest(runnersUp(record, own, ids, wanted), own)!, null);
  const text = strip(asked.versus);
  const second = sourceAxis(record, reader, text);
  const spoken = await greedy(record, second, writer, pause);
  if (spoken === null) return null;
  const choices = ofSecond(writer, ids, spoken, wanted);
  if (!choices.length) throw new SentenceError("The translations of both sentences have the same word there. Ask about another word, or write another second sentence.");
  const there = logProbs(record, writer, second, ids);
  const turned = choices.filter(({ step, a, b }) => there.at(step, b) > there.at(step, a));
  const sentence = { text, translation: writer.decode(spoken), tokens: second.tokens!.map(({ id }) => saidBy(reader, id)), places: align(source, second) };
  return questionOf(record, writer, source, ids, likeliest(turned.length ? turned : choices, own)!, sentence);
}

const idsOf = ({ decode }: Trace): number[] => decode!.steps.map(({ chosen }) => chosen.id);

/** A sentence without the padding that a record may show. */
function unpadded(axis: Axis): Axis {
  const tokens = axis.tokens!.filter(({ special, piece }) => !(special && piece === "<pad>"));
  return { ...axis, size: tokens.length, tokens };
}

function questionOf(record: Trace, writer: Tokenizer, source: Axis, ids: readonly number[], { step, a, b }: Choice, second: Cause["second"]): Question {
  const reading = readingUpTo(record, writer, source, ids, step);
  return { reading, contrast: { step, measure: "logit_difference", a: saidBy(writer, a), b: saidBy(writer, b) }, second };
}

/** The record of what is read up to a step of its translation. */
export const readingOf = (record: Trace, writer: Tokenizer, step: number): Trace => readingUpTo(record, writer, unpadded(record.axes.source), idsOf(record), step);

function readingUpTo(record: Trace, writer: Tokenizer, source: Axis, ids: readonly number[], step: number): Trace {
  return withTokens(record, { source, target: readAxis(record, writer, ids.slice(0, step + 1), "") });
}

interface LogProbs {
  at(step: number, id: number): number;
  row(step: number): Numbers;
}

/** log p of every token at every step of a sentence that is translated by `ids`. */
function logProbs(record: Trace, writer: Tokenizer, source: Axis, ids: readonly number[]): LogProbs {
  const graph = new Graph(withTokens(record, { source, target: readAxis(record, writer, ids, "") }), "");
  const values = graph.values("log_probs")!;
  const width = last(graph.tensor("log_probs").shape);
  return { at: (step, id) => values[step * width + id], row: (step) => values.subarray(step * width, (step + 1) * width) };
}

/** The choice whose other word is the likeliest; of equally likely ones the first. */
const likeliest = (choices: readonly Choice[], own: LogProbs): Choice | null =>
  choices.reduce<Choice | null>((best, one) => (best && own.at(best.step, best.b) >= own.at(one.step, one.b) ? best : one), null);

function runnersUp({ translator }: Trace, own: LogProbs, ids: readonly number[], wanted: readonly number[]): Choice[] {
  return wanted.map((step) => {
    const row = own.row(step);
    let b = -1;
    row.forEach((value, id) => {
      if (id !== ids[step] && !translator!.forbidden.includes(id) && (b < 0 || value > row[b])) b = id;
    });
    return { step, a: ids[step], b };
  });
}

/** Where the second sentence's translation has other words: those, in the place of the first one's. */
function ofSecond(writer: Tokenizer, ids: readonly number[], others: readonly number[], wanted: readonly number[]): Choice[] {
  const spansOf = (some: readonly number[]) => wordSpans(axisOf(writer.decode(some), writer.tokensOf(some)));
  const [spans, otherSpans] = [spansOf(ids), spansOf(others)];
  const names = (some: readonly number[], each: readonly [number, number][]) => each.map(([start, end]) => some.slice(start, end).join());
  return opcodes(names(ids, spans), names(others, otherSpans)).filter(({ kind }) => kind === "replace").flatMap(({ one: [i, iEnd], other: [j, jEnd] }) => {
    // Words after a first difference correspond to each other only where there are as many.
    const pairs = iEnd - i === jEnd - j ? iEnd - i : 1;
    return Array.from({ length: pairs }, (_, k) => k).flatMap((k) => {
      const [start, end] = spans[i + k];
      return wanted.some((step) => start <= step && step < end) ? difference(ids, [start, end], others.slice(...otherSpans[j + k])) : [];
    });
  });
}

/** The first token in which a word of the translation and another word differ; nothing where they do not. */
function difference(ids: readonly number[], [start, end]: readonly [number, number], other: readonly number[]): Choice[] {
  const [own, there] = [ids.slice(start, end + 1), [...other, ...ids.slice(end, end + 1)]];
  const at = own.findIndex((a, i) => i < there.length && a !== there[i]);
  return at < 0 ? [] : [{ step: start + at, a: own[at], b: there[at] }];
}
