// A text in pieces by byte-pair encoding (Sennrich et al. 2016) as SentencePiece does it: of all neighbours that
// together are a piece, those of the highest score become one, of equal ones the leftmost, until none are left.

import type { Split, Vocabulary } from "./vocabulary";

interface Part extends Split {
  readonly text: string;
  readonly fixed: boolean; // one of the user's symbols, which is never merged
}

/** The characters in pieces, `unknown` where a character is none. */
export function bpe(characters: readonly string[], vocabulary: Vocabulary): Split[] {
  const parts = beginnings(characters, vocabulary);
  for (;;) {
    let [best, at] = [-Infinity, -1];
    for (let i = 0; i + 1 < parts.length; i++) {
      const score = scoreOf(parts[i], parts[i + 1], vocabulary);
      if (score > best) [best, at] = [score, i];
    }
    if (at < 0) return parts.map(({ id, start, end }) => ({ id, start, end }));
    const text = parts[at].text + parts[at + 1].text;
    parts.splice(at, 2, { text, fixed: false, id: vocabulary.ids.get(text)!, start: parts[at].start, end: parts[at + 1].end });
  }
}

function scoreOf(left: Part, right: Part, vocabulary: Vocabulary): number {
  const id = left.fixed || right.fixed ? undefined : vocabulary.ids.get(left.text + right.text);
  return id === undefined ? -Infinity : vocabulary.scores[id];
}

/** One part for each character; one for each of the user's symbols, the longest that fits. */
function beginnings(characters: readonly string[], vocabulary: Vocabulary): Part[] {
  const parts: Part[] = [];
  for (let start = 0; start < characters.length; start = parts.at(-1)!.end) {
    const symbol = vocabulary.fixedAt(characters, start);
    const end = symbol?.end ?? start + 1;
    const text = characters.slice(start, end).join("");
    parts.push({ text, fixed: symbol !== null, id: vocabulary.ids.get(text) ?? vocabulary.unknown, start, end });
  }
  return parts;
}
