// The likeliest split of a text into pieces under a unigram model, by Viterbi (Kudo 2018), as SentencePiece computes
// it: sums in float32, and of equal ones the first that is found.

import type { Split, Vocabulary } from "./vocabulary";

const UNKNOWN_PENALTY = 10; // below the least likely piece

interface Ending {
  score: number;
  start: number; // -1: nothing ends here yet
  id: number;
}

/** The characters in pieces, `unknown` where no piece covers one. */
export function unigram(characters: readonly string[], vocabulary: Vocabulary): Split[] {
  const ends: Ending[] = Array.from({ length: characters.length + 1 }, () => ({ score: 0, start: -1, id: -1 }));
  const offer = (end: number, start: number, id: number, score: number) => {
    const candidate = score + ends[start].score;
    if (ends[end].start === -1 || candidate > ends[end].score) ends[end] = { score: Math.fround(candidate), start, id };
  };
  for (let start = 0; start < characters.length; start++) {
    let single = false;
    let piece = "";
    for (let length = 1; length <= vocabulary.longest && start + length <= characters.length; length++) {
      piece += characters[start + length - 1];
      const id = vocabulary.ids.get(piece);
      if (id === undefined || vocabulary.isUnused(id)) continue;
      offer(start + length, start, id, vocabulary.isFixed(id) ? bytes(piece) * vocabulary.best - 0.1 : vocabulary.scores[id]);
      if (length === 1) single = true;
    }
    if (!single) offer(start + 1, start, vocabulary.unknown, Math.fround(vocabulary.least - UNKNOWN_PENALTY));
  }
  const splits: Split[] = [];
  for (let end = characters.length; end > 0; end = ends[end].start) splits.push({ id: ends[end].id, start: ends[end].start, end });
  return splits.reverse();
}

const bytes = (text: string): number => new TextEncoder().encode(text).length;
