// Why a translation says A and not B, found by the page itself (Python: glass/causes/cause.py). The attributions, which
// take longer, are computed when they are shown (attribution/); the words that encoder states are nearest to, which no
// view of the page shows, only by Python. Those lists are empty.

import type { Pause } from "../engine/translate";
import { saidBy, tokenizersOf } from "../engine/translate";
import { Graph } from "../graph";
import type { Cause, Trace } from "../record";
import { softmax } from "../temperature";
import type { Question as Asked } from "../url";
import { ask } from "./ask";
import { emptyMaps, stream } from "./components";
import { decomposition } from "./decomposition";
import { mapOf } from "./parts";
import { secondOf } from "./second";
import { contrastOf, deciding, feltIn, logitLens, sweep, type Progress } from "./sweep";

const SAID = 3; // likeliest tokens kept of each depth of the logit lens

/** The cause that is asked for; null where `pause` or `progress` ended it. SentenceError where it is no question. */
export async function findCause(record: Trace, asked: Asked, pause: Pause, progress: Progress): Promise<Cause | null> {
  const question = await ask(record, asked, pause);
  if (!question) return null;
  const { reading, contrast, second } = question;
  const none = { deciding: [], gap: 0, decomposition: [], lens: [], nearest: [], attributions: [] };
  const cause: Cause = { ...none, contrast, second, ablation: second ? "patch" : "mean", clean: 0, other: null, maps: emptyMaps(reading) };
  const graph = new Graph({ ...reading, cause }, "");
  const maps = await sweep(graph, progress);
  if (!maps) return null;
  return {
    ...cause,
    maps,
    clean: contrastOf(graph, contrast),
    other: second && contrastOf(secondOf(graph)!, contrast),
    deciding: deciding(feltIn(mapOf({ ...cause, maps }, "encoder.stream"))),
    decomposition: decomposition(graph, contrast),
    lens: await lens(graph, cause),
  };
}

async function lens(graph: Graph, { contrast: { a, b } }: Cause): Promise<Cause["lens"]> {
  const { target: writer } = await tokenizersOf(graph.recorded);
  return logitLens(graph, stream(graph.recorded, "decoder")).map((logits) => {
    const probabilities = softmax(logits);
    const best = Array.from(logits.keys()).sort((one, other) => logits[other] - logits[one] || one - other).slice(0, SAID);
    return { value: logits[a.id] - logits[b.id], candidates: best.map((id) => ({ ...saidBy(writer, id), probability: probabilities[id] })) };
  });
}
