// What a cause's maps come to, as sentences can say it. Every claim of the page about this model is made from these.

import type { Cause, EffectMap, Trace } from "../../record";
import { mapOf, pronounOf, type Part } from "../../causes/parts";
import { feltIn } from "../../causes/sweep";

/** A cell that stands out, with what it does to the contrast. */
export interface Found extends Part {
  readonly effect: number;
}

export const DECIDES = 0.5; // of the largest effect, as in Python's `attribution/comparison.py`
export const NOTHING = 1e-3; // an effect below it is rounding

export const cells = (map: EffectMap): Found[] =>
  map.total.flatMap((values, row) => values.flatMap((effect, column) => (effect === null ? [] : [{ map, row, column, effect }])));

const larger = (one: Found, other: Found): Found => (Math.abs(other.effect) > Math.abs(one.effect) ? other : one);
export const strongest = (found: readonly Found[]): Found | null => (found.length ? found.reduce(larger) : null);

/** The largest effect of all parts, in size. */
export const most = ({ maps }: Cause): number => Math.max(...maps.flatMap(cells).map(({ effect }) => Math.abs(effect)), 0);

/** For each depth of the encoder the word whose change does most there; null where none does anything. */
export function carriers(cause: Cause): (Found | null)[] {
  const map = mapOf(cause, "encoder.stream");
  return map.rows.map((_, row) => {
    const best = strongest(cells(map).filter((cell) => cell.row === row));
    return best && Math.abs(best.effect) > NOTHING ? best : null;
  });
}

/** Depths one after another at which the same word carries the most: from its first depth to its last. */
export interface Run {
  readonly first: Found;
  readonly last: Found;
}

/** The way of the difference through the encoder, a run for each word that carries it. */
export function route(cause: Cause): Run[] {
  const runs: Run[] = [];
  for (const found of carriers(cause)) {
    const run = runs[runs.length - 1];
    if (!found) continue;
    if (run && run.last.column === found.column) runs[runs.length - 1] = { first: run.first, last: found };
    else runs.push({ first: found, last: found });
  }
  return runs;
}

/**
 * The experiments that prove the way: each word where the difference arrives at it; then each that has handed it on,
 * at the depth where the last one has it.
 */
export function proof(cause: Cause): Found[] {
  const runs = route(cause);
  const [arrivals, last] = [runs.map(({ first }) => first), runs.at(-1)?.first];
  const left = arrivals.flatMap(({ map, column }) => {
    const effect = last && column !== last.column ? map.total[last.row][column] : null;
    return effect === null ? [] : [{ map, row: last!.row, column, effect }];
  });
  return [...arrivals, ...left];
}

/** The deciding words in the order in which they carry the difference, from the embedding on. */
export function decidingWords(cause: Cause): number[] {
  const first = (place: number) => {
    const depth = carriers(cause).findIndex((found) => found?.column === place);
    return depth < 0 ? Infinity : depth;
  };
  return [...cause.deciding].sort((a, b) => first(a) - first(b));
}

/** The changes of the words that decide nothing, at all depths; without the word at `except`. */
const others = (cause: Cause, except: number | null): Found[] =>
  cells(mapOf(cause, "encoder.stream")).filter(({ column }) => !cause.deciding.includes(column) && column !== except);

/** The word that does most besides the deciding ones; null where there is none. */
export const besides = (cause: Cause): Found | null => strongest(others(cause, null));

/** What the contrast becomes at least and at most when a word that decides nothing is changed; null without one. */
export function rest(cause: Cause, except: number | null): readonly [least: number, most: number] | null {
  const values = others(cause, except).map(({ effect }) => cause.clean - effect);
  return values.length ? [Math.min(...values), Math.max(...values)] : null;
}

/** Where changing the source's pronoun does most; where it does nothing at any depth, what the decoder reads of it. */
export function pronounCell(trace: Trace): Found | null {
  const place = pronounOf(trace);
  const own = cells(mapOf(trace.cause!, "encoder.stream")).filter(({ column }) => column === place);
  const best = strongest(own);
  return best && carries(trace.cause!, best) === "none" ? own[own.length - 1] : best;
}

const LITTLE = 0.1; // of the largest effect: less than that carries nothing worth the word

/** Whether a word carries what decides, a part of it, or none. */
export function carries(cause: Cause, { column }: Found): "most" | "part" | "none" {
  if (cause.deciding.includes(column)) return "most";
  return felt(cause)[column] >= LITTLE * most(cause) ? "part" : "none";
}

/** The other heads of a head's layer, each with its own effect. */
export const itsFellows = ({ map, row, column }: Found): Found[] => cells(map).filter((one) => one.row === row && one.column !== column);

/** The head of an attention that does most; null where none has half of the largest effect. */
export function decidingHead(cause: Cause, name: string): Found | null {
  const best = strongest(cells(mapOf(cause, name)));
  return best && Math.abs(best.effect) >= DECIDES * most(cause) && Math.abs(best.effect) > NOTHING ? best : null;
}

/** The head of an attention that does most, however much that is. */
export const strongestHead = (cause: Cause, name: string): Found | null => strongest(cells(mapOf(cause, name)));

/** Whether a change by this effect turns the preference around: only a logit difference has a sign that says so. */
export const turns = (cause: Cause, effect: number): boolean =>
  cause.contrast.measure === "logit_difference" && cause.clean > 0 && cause.clean - effect < 0;

/** For each source word the largest effect, in size, of changing it at any depth. */
export const felt = (cause: Cause): number[] => feltIn(mapOf(cause, "encoder.stream"));

/** The place of the largest number, in size. */
export const topOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((best, value, place) => (Math.abs(value) > Math.abs(values[best]) ? place : best), 0);
