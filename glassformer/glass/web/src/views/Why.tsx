// Why this word? The record's cause: a question, what interventions answer, and each of them to be done again by a click.

import { Frame } from "../components/Frame";
import { shortMeaning } from "../meaning";
import { takesSentences } from "../engine/sentence";
import type { Graph } from "../graph";
import type { EffectMap } from "../record";
import { Answer } from "./causes/Answer";
import { Ask } from "./causes/Ask";
import { Beside } from "./causes/Beside";
import { EffectTable } from "./causes/EffectTable";
import { scaleFor } from "./causes/effects";
import { Lens } from "./causes/Lens";
import { Outcome } from "./causes/Outcome";
import { kindOf, mapOf, readWord, sourceWord, writtenWord } from "../causes/parts";
import { Question } from "./causes/Question";
import { Sum } from "./causes/Sum";
import "./Layered.css";
import "./causes/Why.css";

const LEAD = "A weight of attention says where the model looks, not what comes of it. Here something in the model is changed, and one sees which word it says then: that is a proof.";

export function Why({ graph }: { graph: Graph }) {
  const asks = takesSentences(graph.recorded);
  return (
    <Frame title="Why this word?" lead={LEAD}>
      <div class="layered">
        {graph.recorded.cause && <Found graph={graph} />}
        {asks && <Ask key={graph.recorded.meta.title} graph={graph} />}
      </div>
    </Frame>
  );
}

/** What is known of the question. */
function Found({ graph }: { graph: Graph }) {
  return (
    <>
      <div class="why-maps">
        <div class="layered">
          <Question graph={graph} />
          <Answer graph={graph} />
          <Encoder graph={graph} />
          <Decoder graph={graph} />
        </div>
        <Outcome graph={graph} />
      </div>
      <Sum graph={graph} />
      <Beside graph={graph} />
      <Lens graph={graph} />
    </>
  );
}

function Encoder({ graph }: { graph: Graph }) {
  const cause = graph.recorded.cause!;
  const stream = mapOf(cause, "encoder.stream");
  return (
    <section class="card" aria-labelledby="why-encoder">
      <h3 id="why-encoder">In the encoder</h3>
      <EffectTable graph={graph} map={stream} scale={scaleFor(cause)} columns={stream.total[0].map((_, place) => <bdi>{sourceWord(graph.recorded, place)}</bdi>)}
        caption={<>A column is a word, a row a depth: from the words themselves down to what the decoder reads. <span class="for-a">Orange speaks for <bdi>{cause.contrast.a.text.trim()}</bdi></span>, <span class="for-b">blue for <bdi>{cause.contrast.b.text.trim()}</bdi></span>.</>} />
      <Sublayers graph={graph} stack="encoder" />
    </section>
  );
}

function Decoder({ graph }: { graph: Graph }) {
  const cause = graph.recorded.cause!;
  const stream = mapOf(cause, "decoder.stream");
  const step = (i: number) => <><bdi>{readWord(graph.recorded, i)}</bdi><small class="muted">→ <bdi>{writtenWord(graph.recorded, i)}</bdi></small><small class="gloss">{shortMeaning(graph.recorded, writtenWord(graph.recorded, i))}</small></>;
  return (
    <section class="card" aria-labelledby="why-decoder">
      <h3 id="why-decoder">In the decoder</h3>
      <EffectTable graph={graph} map={stream} scale={scaleFor(cause)} columns={stream.total[0].map((_, i) => step(i))}
        caption="A column is a step: the word that is read there, and below it the word that is written next." />
      <Sublayers graph={graph} stack="decoder" />
    </section>
  );
}

/** The attentions of a stack by heads, and its feed-forward blocks. */
function Sublayers({ graph, stack }: { graph: Graph; stack: string }) {
  const cause = graph.recorded.cause!;
  const maps = cause.maps.filter((map) => map.name.startsWith(`${stack}.`) && (map.columns === "head" || map.columns === "all"));
  const columns = ({ columns: kind, total }: EffectMap) => total[0].map((_, head) => (kind === "head" ? `head ${head}` : "block"));
  return (
    <details class="sublayers">
      <summary>Its heads and feed-forward blocks</summary>
      <div class="sublayer-maps">
        {maps.map((map) => <EffectTable key={map.name} graph={graph} map={map} scale={scaleFor(cause)} columns={columns(map)} caption={kindOf(map)} direct />)}
      </div>
      <p class="muted">Small: the direct effect, with all later sublayers of the stack held at what they were. The number above is felt through all of them.</p>
    </details>
  );
}
