// What a word of the target means, where the record says it, for who does not read that language.

import { pieceLabel } from "../pieces";
import type { Trace } from "../record";

/** The meaning of a token that is a whole word; null where none is known. */
export function glossOf({ glosses }: Trace, token: { piece: string; text: string }): string | null {
  const word = token.text.trim() || pieceLabel(token.piece);
  return glosses && Object.hasOwn(glosses, word) ? glosses[word] : null;
}

/** A word of the target, and below or beside it what it means. */
export function Glossed({ trace, token }: { trace: Trace; token: { piece: string; text: string } }) {
  const gloss = glossOf(trace, token);
  return <span class="glossed"><bdi>{token.text.trim() || pieceLabel(token.piece)}</bdi>{gloss && <small class="gloss"> {gloss}</small>}</span>;
}
