// Reads {record, sentence, asked, beam, answers} as JSON from standard input: translates the sentence as the page does, and writes
// its beam, a step of training on it and, for each question asked, the cause that the page finds; tests/glass/test_page_live.py
// compares with Python's.

import { readFileSync } from "node:fs";
import { attribute } from "../src/causes/attribution";
import { findCause } from "../src/causes/cause";
import { searchBeam } from "../src/engine/beam";
import { tokenizersOf, translate } from "../src/engine/translate";
import { trainingStep } from "../src/training";

const { record, sentence, asked, beam, answers } = JSON.parse(readFileSync(0, "utf8"));
const go = async () => true;
const spoken = (await translate(record, sentence, go))!;
const step = await trainingStep(spoken);
const { target } = await tokenizersOf(record);
const causes = [];
for (const question of asked) {
  try {
    const started = performance.now();
    const cause = (await findCause(spoken, question, go, go))!;
    const found = performance.now() - started;
    const attributed = answers === "alone" ? null : await attribute({ ...spoken, cause }, go);
    causes.push({ ...cause, ...attributed, milliseconds: found, attributing: performance.now() - started - found });
  } catch (error) {
    causes.push({ error: String(error) });
  }
}
const started = performance.now();
const tree = beam && (await searchBeam(spoken, spoken.axes.source, target, beam, go));
process.stdout.write(JSON.stringify({ text: spoken.decode!.text, causes, beam: tree, step, searched: performance.now() - started }));
