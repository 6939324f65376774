// Sentences that the reader typed, each with the graph that the page computed for it; and the one that is under way.

import { signal } from "@preact/signals";
import { SentenceError, translate } from "./engine/translate";
import { Graph } from "./graph";
import { Kept } from "./kept";

/** A sentence being translated, and what is written so far. */
export interface Waiting {
  readonly sentence: string;
  readonly written: string;
}

export const waiting = signal<Waiting | null>(null);
export const problem = signal<string | null>(null); // why the last sentence could not be translated

const graphs = new Kept(4); // each has all its numbers
const key = (trace: number, sentence: string): string => `${trace} ${sentence}`;

/** The graph of a sentence that was typed into a trace, if it has been computed and is still kept. */
export const typedGraph = (trace: number, sentence: string): Graph | undefined => graphs.get(key(trace, sentence));

/** Whether that graph is kept; it is then the last to be let go. */
export function recall(trace: number, sentence: string): boolean {
  const known = graphs.peek(key(trace, sentence));
  if (known) graphs.keep(key(trace, sentence), known);
  return known !== undefined;
}

let latest = 0;

/** Computes a sentence's graph; null where another sentence came in between, or where it cannot be (`problem` says why). */
export async function typeSentence(own: Graph, trace: number, sentence: string): Promise<Graph | null> {
  const number = ++latest;
  problem.value = null;
  waiting.value = null;
  if (recall(trace, sentence)) return typedGraph(trace, sentence)!;
  waiting.value = { sentence, written: "" };
  try {
    const record = await translate(own.trace, sentence, async (written) => {
      if (number === latest) waiting.value = { sentence, written };
      await new Promise((resume) => setTimeout(resume));
      return number === latest;
    });
    return record && graphs.keep(key(trace, sentence), new Graph(record, own.label));
  } catch (error) {
    if (number === latest) problem.value = error instanceof SentenceError ? error.message : `The sentence could not be translated here: ${String(error)}`;
    if (!(error instanceof SentenceError)) console.error(error);
    return null;
  } finally {
    if (number === latest) waiting.value = null;
  }
}

/** Whatever is being translated is no longer wanted. */
export function stopTyping(): void {
  latest++;
  waiting.value = null;
  problem.value = null;
}
