// What a word of the target means, as far as the record says it.

import type { Trace } from "./record";

const AROUND = /^[\p{P}\p{S}]+|[\p{P}\p{S}]+$/gu;
const ASIDE = / \([^)]{8,}\)/; // longer than a gender or a number: when the word is used

/** The meanings of a word, "; " between them; null where none is known. */
export function meaning({ glosses }: Trace, word: string): string | null {
  const bare = word.replace(AROUND, "");
  return glosses && Object.hasOwn(glosses, bare) ? glosses[bare] : null;
}

/** The first of the meanings: what fits below a word. */
export const shortMeaning = (trace: Trace, word: string): string | null => meaning(trace, word)?.split("; ")[0] ?? null;

/** What fits beside a row of a matrix. */
export const shortestMeaning = (trace: Trace, word: string): string | null => shortMeaning(trace, word)?.replace(ASIDE, "") ?? null;
