// Watch a model learn: one sentence traced again and again during training, its attention forming as one scrubs along.

import { useMemo } from "preact/hooks";
import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Matrix } from "../components/Matrix";
import type { Graph } from "../graph";
import { below, useLinked } from "../linked";
import { show } from "../numbers";
import { UNIT } from "../palette";
import type { Axis } from "../record";
import { go, graphs, page, place } from "../store";
import { attention, strongest } from "./decoding/attention";
import { AttentionChoice, describe, useWhich } from "./decoding/AttentionChoice";
import { evenChoices } from "./decoding/output";
import { Player } from "./decoding/Player";
import { DERIVED, derivedGraph } from "./derived";
import { Curve } from "./learning/Curve";
import { meanEntropy, probes, type Probe } from "./learning/probes";
import { LossCurve, stepOf } from "./learning/LossCurve";
import { Words } from "./learning/Words";
import { stepNames, writtenLine } from "./sentenceLine";
import "./Training.css";

export function Training() {
  const groups = useMemo(() => probes(graphs.value), [graphs.value]);
  const texts = [...groups.keys()];
  const isHere = ({ index }: Probe) => index === place.value.trace;
  const [text, setText] = useLinked("probe", below(texts.length), opening([...groups.values()], isHere));
  const list = groups.get(texts[text])!;
  const here = list.findIndex(isHere);
  const [at, setAt] = useLinked("probe_step", below(list.length), here < 0 ? list.length - 1 : here);
  const { graph, index } = list[at];
  return (
    <Frame title="Learning" lead="The same sentence, traced again and again while the model was trained. Walk along and watch the translation and its attention take shape.">
      {texts.length > 1 && (
        <div class="controls"><Choice label="Sentence" value={text} options={texts.map((one, i) => [i, one] as const)} onChange={setText} /></div>
      )}
      {list.length === 1 ? <p class="note">Of this sentence there is this one trace, of no step before.</p> : <Player label="The training, validation by validation" panel="probe" value={at} onChange={setAt}
        stops={list.map(({ graph: { label } }) => label)} names={list.map(({ graph: { label } }) => label)} />}
      <div id="probe" role="tabpanel" aria-label={graph.label} class="learning">
        <Translation graph={graph} />
        <section class="card">
          <h3>Where it looked: each token’s attention over the source</h3>
          <AttentionChoice graph={graph} />
          <Attention probe={{ graph, index }} />
        </section>
        <div class="learning-side">
          <section class="card">
            <h3>When was each token learned?</h3>
            <p class="muted">The probability of each token of the last translation; – where something else had been written before it.</p>
            <Words list={list} at={at} />
          </section>
          <div class="learning-curves"><section class="card">
            <h3>How uncertain is it?</h3>
            <p class="muted">Mean entropy over the steps: {show(meanEntropy(graph.trace))} nats here, an even choice among {show(evenChoices(meanEntropy(graph.trace)))} tokens.</p>
            <Curve list={list} at={at} />
          </section>
          {page.value!.losses && <LossCurve losses={page.value!.losses} step={stepOf(graph.label)} />}
          </div>
        </div>
      </div>
    </Frame>
  );
}

/** The sentence that is shown, where it was traced more than once; else that which was traced the most. */
function opening(all: readonly (readonly Probe[])[], isHere: (probe: Probe) => boolean): number {
  const own = all.findIndex((list) => list.some(isHere));
  return all[own].length > 1 ? own : all.reduce((most, list, i) => (list.length > all[most].length ? i : most), 0);
}

const Translation = ({ graph: { label, trace } }: { graph: Graph }) => (
  <section class="card learning-text">
    <p class="muted" dir="auto">{trace.axes.source?.text}</p>
    <p class="translation" dir="auto" aria-live="polite">{trace.decode?.text || "…"}</p>
    <p class="muted">{label}{trace.decode && !trace.decode.finished && ", cut off: it found no end"}</p>
  </section>
);

function Attention({ probe: { graph, index } }: { probe: Probe }) {
  const [which] = useWhich(graph);
  const weights = attention(graph, which);
  const { source, target } = graph.trace.axes;
  const picture = useMemo(() => {
    const side = (title: string, { size, tokens }: Axis) => ({ title, size, labels: tokens?.map((token) => token.text) });
    const written = writtenLine(graph.trace, false);
    const rows = written ? { title: "reads → writes", size: target.size, labels: stepNames(written, target.tokens![0].text) } : side("token read", target);
    return weights && derivedGraph(graph, "attention", rows, side("source token", source), weights);
  }, [graph, weights]);
  if (!picture) return <p class="note">This record has no attention from the target to the source.</p>;
  return (
    <>
      <p class="muted">{describe(graph, which)}</p>
      <Matrix graph={picture} tensor={DERIVED} scale={UNIT} onOpen={([row, column]) => {
        const [tensor, cell] = strongest(graph, which, [row], [column]);
        go({ trace: index, tensor, cell });
      }} />
    </>
  );
}
