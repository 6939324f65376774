// Questions that the reader asked, each with the graph that knows its answer; and the one that is under way.

import { signal } from "@preact/signals";
import { breath } from "./breath";
import { findCause } from "./causes/cause";
import { SentenceError } from "./engine/translate";
import type { Graph } from "./graph";
import { Kept } from "./kept";
import type { Question } from "./url";

/** The share of the experiments that is done; null while nothing is asked. */
export const asking = signal<number | null>(null);
export const objection = signal<string | null>(null); // why the last question could not be answered

const answers = new Kept(6);
const key = (trace: number, sentence: string | null, question: Question): string => JSON.stringify([trace, sentence, question.step, question.versus]);

/** The graph that knows the answer, if it was found and is still kept. */
export const answered = (trace: number, sentence: string | null, question: Question): Graph | undefined => answers.get(key(trace, sentence, question));

let latest = 0;

/** Finds the cause; null where something else was asked in between, or where it is no question (`objection` says why). */
export async function findAnswer(own: Graph, trace: number, sentence: string | null, question: Question): Promise<Graph | null> {
  const number = ++latest;
  objection.value = null;
  const name = key(trace, sentence, question);
  const known = answers.peek(name);
  if (known) return answers.keep(name, known);
  asking.value = 0;
  const alive = async (done: number) => {
    if (number === latest) asking.value = done;
    await breath();
    return number === latest;
  };
  try {
    const cause = await findCause(own.recorded, question, () => alive(0), alive);
    return cause && answers.keep(name, own.with({ cause }));
  } catch (error) {
    if (number === latest) objection.value = error instanceof SentenceError ? error.message : `The question could not be answered here: ${String(error)}`;
    if (!(error instanceof SentenceError)) console.error(error);
    return null;
  } finally {
    if (number === latest) asking.value = null;
  }
}

/** Whatever is being found out is no longer wanted. */
export function stopAsking(): void {
  latest++;
  asking.value = null;
  objection.value = null;
}
