// Which places of two sentences stand for each other (Python: glass/causes/patching.py, places.py).

import { SentenceError } from "../engine/translate";
import type { Axis } from "../record";
import { opcodes } from "./difflib";

export type Alignment = [first: number, second: number][];

/** Sentences of as many tokens correspond token by token, others word by word; words then want as many tokens. */
export function align(first: Axis, second: Axis): Alignment {
  if (first.size === second.size) return Array.from({ length: first.size }, (_, place) => [place, place]);
  const [own, others] = [groups(first), groups(second)];
  const names = (some: readonly Group[]) => some.map(({ name }) => name);
  const pairs = opcodes(names(own), names(others)).filter(({ kind }) => kind === "equal" || kind === "replace").flatMap(({ one, other }) => {
    const [some, there] = [own.slice(...one), others.slice(...other)];
    return some.slice(0, there.length).flatMap(({ places }, i) => (places.length === there[i].places.length ? places.map((place, k): [number, number] => [place, there[i].places[k]]) : []));
  });
  if (!pairs.length) throw new SentenceError("The two sentences have no words that correspond; choose a second one that is more alike.");
  return pairs;
}

interface Group {
  readonly name: string;
  readonly places: number[];
}

const PUNCTUATION = Array.from(".,;:!?\"'()[]{}।॥…“”‘’«»¿¡");

/** A word without the punctuation around it. */
function bare(word: string): string {
  const letters = Array.from(word);
  let [start, end] = [0, letters.length];
  while (start < end && PUNCTUATION.includes(letters[start])) start++;
  while (end > start && PUNCTUATION.includes(letters[end - 1])) end--;
  return letters.slice(start, end).join("") || word;
}

/** The words with the places of their tokens; a control token is a word of its own. */
function groups({ text, tokens }: Axis): Group[] {
  const words = text!.trim().split(/\s+/);
  const found: Group[] = [];
  tokens!.forEach(({ word, piece }, place) => {
    if (word !== null && place > 0 && word === tokens![place - 1].word) found[found.length - 1].places.push(place);
    else found.push({ name: word === null ? piece : bare(words[word]), places: [place] });
  });
  return found;
}

/** The tokens [start, end) of each word; a control token is one of its own. */
export const wordSpans = (axis: Axis): [start: number, end: number][] => groups(axis).map(({ places }) => [places[0], places[places.length - 1] + 1]);
