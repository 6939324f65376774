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

/** What fits below a word among others, or beside a row of a matrix. */
export const shortestMeaning = (trace: Trace, word: string): string | null => shortMeaning(trace, word)?.replace(ASIDE, "") ?? null;

/** In what two words of one meaning differ, by their marks "(m.)", "(f. pl.)"; null where they differ otherwise, or nothing is known. */
export function differsIn(trace: Trace, one: string, other: string): "gender" | "number" | null {
  const [[first, marks], [second, others]] = [one, other].map((word) => parted(shortMeaning(trace, word) ?? ""));
  if (!first || first !== second) return null;
  const differs = (mark: string) => marks.includes(mark) !== others.includes(mark);
  if (differs("pl.")) return differs("f.") ? null : "number";
  return differs("f.") && differs("m.") ? "gender" : null;
}

/** A meaning without its last parenthesis, and what stands in that. */
function parted(text: string): [meaning: string, marks: string[]] {
  const [, bare, marks] = /^(.*?)(?: \(([^()]*)\))?$/.exec(text)!;
  return [bare, marks?.split(" ") ?? []];
}
