// What colour and shape a word has on the map: by a feature's classes, the most frequent first; grey where it is not known.

import type { EmbeddingMap, Feature } from "../../record";

export const FEATURES: readonly Feature[] = ["part_of_speech", "gender"];
const MOST = 4; // classes with a colour of their own

export interface Colouring {
  readonly classes: readonly string[];
  /** The number of a word's class; undefined where it has none, or a rarer one. */
  of(word: number): number | undefined;
}

export function colouring({ words }: EmbeddingMap, feature: Feature): Colouring {
  const counts = new Map<string, number>();
  for (const word of words) if (word[feature]) counts.set(word[feature], (counts.get(word[feature]) ?? 0) + 1);
  const classes = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST).map(([name]) => name);
  return { classes, of: (word) => { const at = classes.indexOf(words[word][feature] ?? ""); return at < 0 ? undefined : at; } };
}
