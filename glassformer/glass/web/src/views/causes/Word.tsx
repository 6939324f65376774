// A word in a sentence about it, in its own direction; and one as the name of a column.

import { occurrence, sourceWord } from "../../causes/parts";
import type { Trace } from "../../record";

export const Word = ({ text }: { text: string }) => <b class="word"><bdi>{text}</bdi></b>;

/** A word of the source; where it is there more than once, which of them it is. */
export function SourceWord({ trace, place }: { trace: Trace; place: number }) {
  const which = occurrence(trace, place);
  return <><bdi>{sourceWord(trace, place)}</bdi>{which !== null && <small class="muted"> no. {which}</small>}</>;
}
