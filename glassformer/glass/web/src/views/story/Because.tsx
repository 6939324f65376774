// Which words decide a word of the translation, and how that is proved: the question that the page opens with.

import { Glossed } from "../../components/Gloss";
import { takesSentences } from "../../engine/sentence";
import type { Graph } from "../../graph";
import { choosing, go, openView } from "../../store";
import { Verdict } from "../causes/Answer";
import { partId } from "../../causes/parts";
import { Proof } from "../causes/Proof";
import "../causes/Why.css";

export function Because({ graph }: { graph: Graph }) {
  const trace = graph.recorded;
  const { cause } = trace;
  if (!cause) return takesSentences(trace) ? <p class="story-ask"><button class="do" onClick={() => openView("why")}>Why does it say this word and not another? →</button></p> : null;
  const { contrast: { a, b }, second } = cause;
  return (
    <section class="card because" aria-labelledby="because">
      <h3 id="because">Why <span class="word-a"><Glossed trace={trace} token={a} /></span> and not <span class="word-b"><Glossed trace={trace} token={b} /></span>?</h3>
      <p class="because-answer"><Verdict graph={graph} /></p>
      <p>
        <b>How that is proved:</b> {second ? <>for a second sentence, <q dir="auto">{second.text}</q>, this model says <bdi>{second.translation}</bdi>. Piece by piece its numbers are put into the first one, </> : "one thing at a time is changed, "}
        all that follows is computed anew, and one sees which of the two words the model prefers then.
      </p>
      <Proof graph={graph} onTry={(found) => go({ view: "why", block: null, tensor: null, cell: null, choices: choosing("intervention", partId(found)) })} />
      <p class="story-way"><button class="do" onClick={() => openView("why")}>Every other part of the model, one by one →</button></p>
    </section>
  );
}
