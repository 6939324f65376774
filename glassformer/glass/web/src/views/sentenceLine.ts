// A sentence as the attention sees it: its text, and in it the marks (tokens, or whole words) that stand for rows or columns.

import { stepText } from "../labels";
import type { Axis, Token, Trace } from "../record";
import { last } from "../shapes";

export interface Mark {
  readonly text: string;
  readonly start: number; // characters of the line's text, as code points
  readonly end: number;
  readonly special: boolean;
  readonly cells: readonly number[]; // the places on the axis that it stands for
}

export interface Line {
  readonly text: string;
  readonly marks: readonly Mark[];
}

/** The line of an axis; with `words`, the tokens of one word are one mark. An axis without tokens is numbered. */
export function lineOf(axis: Axis, words: boolean): Line {
  if (!axis.tokens) return numbered(axis.size);
  const marks: Mark[] = [];
  let before: Token | null = null;
  for (const [i, token] of axis.tokens.entries()) {
    if (words && before && token.word !== null && token.word === before.word) marks.push(joined(marks.pop()!, token, i));
    else marks.push({ text: token.text, start: token.start, end: token.end, special: token.special, cells: [i] });
    before = token;
  }
  const characters = Array.from(axis.text ?? "");
  const whole = (mark: Mark) => (mark.cells.length > 1 ? { ...mark, text: characters.slice(mark.start, mark.end).join("").trim() } : mark);
  return { text: axis.text ?? "", marks: marks.map(whole) };
}

const joined = (mark: Mark, token: Token, i: number): Mark => ({ ...mark, end: Math.max(mark.end, token.end), cells: [...mark.cells, i] });

function numbered(size: number): Line {
  const names = Array.from({ length: size }, (_, i) => String(i));
  let end = -1;
  const marks = names.map((text, i) => ({ text, start: end + 1, end: (end += text.length + 1), special: false, cells: [i] }));
  return { text: names.join(" "), marks };
}

/**
 * A decoder's line by the words it writes. Row i belongs to the token it has read; what it decides there is the
 * next one. So each word takes the row before its own, the start falls away, and `end` is written in the last row.
 */
export function asWritten({ text, marks }: Line, end: string): Line {
  const size = Math.max(...marks.flatMap(({ cells }) => cells)) + 1;
  const place = Array.from(text).length;
  const written = marks.slice(1).map((mark) => ({ ...mark, cells: mark.cells.map((i) => i - 1) }));
  return { text, marks: [...written, { text: end, start: place, end: place, special: true, cells: [size - 1] }] };
}

/** The target by the words that its rows write; null where the record does not say what each of them writes. */
export function writtenLine({ axes: { target }, decode }: Trace, words: boolean): Line | null {
  const known = target?.tokens && decode?.steps.length === target.size && target.size > 0;
  return known ? asWritten(lineOf(target, words), last(decode!.steps).chosen.text) : null;
}

/** How the rows of a written line are called: "reads → writes". `first`: what the first one reads. */
export const stepNames = ({ marks }: Line, first: string): string[] =>
  marks.map(({ text }, i) => stepText(i === 0 ? first : marks[i - 1].text, text));

/** Whether a word of the line has more than one token. */
export const hasLongWords = (axis: Axis): boolean =>
  axis.tokens?.some(({ word }, i) => word !== null && word === axis.tokens![i - 1]?.word) ?? false;

export interface Run {
  readonly before: string; // text up to the mark
  readonly shown: string; // the mark's own text; "" if it has none, as a control token or the later bytes of a character
}

/** The text cut at the marks, in order. Nothing is shown twice. */
export function runsOf({ text, marks }: Line): { runs: Run[]; rest: string } {
  const characters = Array.from(text);
  const between = (from: number, to?: number) => characters.slice(from, to).join("");
  let end = 0;
  const runs = marks.map((mark) => {
    if (mark.special || mark.end <= end) return { before: "", shown: "" };
    const own = between(Math.max(mark.start, end), mark.end);
    const shown = own.trimStart();
    const before = between(end, mark.start) + own.slice(0, own.length - shown.length);
    end = mark.end;
    return { before, shown };
  });
  return { runs, rest: between(end) };
}
