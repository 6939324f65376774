// The decode loop, from the start token to the end token: what is read, what is weighed, what is taken, what is looked at.

import { Frame } from "../components/Frame";
import { Glossed, Interlinear } from "../components/Gloss";
import { RunningText } from "../components/RunningText";
import type { Graph } from "../graph";
import { below, useLinked } from "../linked";
import { show } from "../numbers";
import type { Step } from "../record";
import { openCell } from "../store";
import { attention, strongest } from "./decoding/attention";
import { AttentionChoice, describe, useWhich } from "./decoding/AttentionChoice";
import { Candidates } from "./decoding/Candidates";
import { evenChoices } from "./decoding/output";
import { Player } from "./decoding/Player";
import { written } from "./decoding/written";
import "./Timeline.css";

export function Timeline({ graph }: { graph: Graph }) {
  const { steps, strategy } = graph.trace.decode!;
  const [at, setAt] = useLinked("step", below(steps.length), 0);
  const step = steps[at];
  const last = steps[steps.length - 1];
  return (
    <Frame title="Decoding step by step" lead={
      <>The decoder reads what it has written, weighs every token it knows, takes one and reads that too. Play it from{" "}
        <code>{steps[0]?.read.text}</code> to <code>{last?.chosen.text}</code>.</>
    }>
      {step ? (
        <>
          <Player label="Steps of the decode loop" panel="step" value={at} onChange={setAt} start={steps[0].read.text}
            stops={steps.map(({ chosen }) => chosen.text.trim() || chosen.piece)} names={steps.map((one) => stepName(one, steps.length))}>
            <span class="muted">step {at + 1} of {steps.length} · {graph.isAltered ? CHANGED : STRATEGY[strategy]}</span>
          </Player>
          <div id="step" role="tabpanel" aria-label={stepName(step, steps.length)} class="timeline">
            <div class="timeline-left">
              <Loop graph={graph} step={step} />
              <Looked graph={graph} step={at} />
            </div>
            <section class="card">
              <h3>What could come next</h3>
              <Candidates graph={graph} step={step} />
              <Certainty graph={graph} step={step} />
            </section>
          </div>
        </>
      ) : <p class="note">Nothing was decoded.</p>}
    </Frame>
  );
}

const STRATEGY = {
  greedy: "greedy: always the likeliest token",
  beam: "beam search: the path of the translation that won",
  forced: "the target was given; the model only says how likely it finds it",
};

const CHANGED = "with what you have changed: the likeliest token";

const stepName = ({ step, read, chosen }: Step, of: number): string => `step ${step + 1} of ${of}: reads ${read.text}, takes ${chosen.text}`;

function Loop({ graph, step }: { graph: Graph; step: Step }) {
  const { before, added } = written(graph.trace, step.step);
  const ends = added === "";
  return (
    <section class="card loop">
      <dl>
        <dt>reads</dt>
        <dd><span class="token-read"><Glossed trace={graph.recorded} token={step.read} /></span> <span class="muted">id {step.read.id}, at position {step.step}</span></dd>
        <dt>takes</dt>
        <dd><span class="token-taken"><Glossed trace={graph.recorded} token={step.chosen} /></span> <span class="muted">{rank(step)}</span></dd>
        <dt>so far</dt>
        <dd>
          <p class="so-far" dir="auto" aria-live="polite">{before}{added && <mark>{added}</mark>}{before + added === "" && "…"}</p>
          {graph.recorded.glosses && <p class="so-far-gloss" dir="auto"><Interlinear trace={graph.recorded} text={before + added} /></p>}
          <p class="muted">{ends && graph.trace.decode!.finished ? "The end token adds no text: the translation is complete." : "The token taken is read in the next step."}</p>
        </dd>
      </dl>
    </section>
  );
}

const rank = ({ chosen }: Step): string => `id ${chosen.id}, ${chosen.rank === 0 ? "the likeliest" : `number ${chosen.rank + 1} by probability`}`;

function Certainty({ graph, step }: { graph: Graph; step: Step }) {
  const size = graph.trace.axes.vocabulary?.size;
  const most = size ? ` of ${show(Math.log(size))} at most` : "";
  return (
    <p class="certainty muted">
      Entropy {show(step.entropy)} nats{most}: as uncertain as an even choice among {show(evenChoices(step.entropy))} tokens.
    </p>
  );
}

/** Which source tokens this step looked at. */
function Looked({ graph, step }: { graph: Graph; step: number }) {
  const source = graph.trace.axes.source;
  const [which] = useWhich(graph);
  const weights = attention(graph, which);
  if (!weights || !source?.tokens) {
    return (
      <section class="card looked">
        <h3>Where it looked in the source</h3>
        <p class="note">Nowhere: this record has no attention from the target to the source.</p>
      </section>
    );
  }
  const row = weights.subarray(step * source.size, (step + 1) * source.size);
  return (
    <section class="card looked">
      <h3>Where it looked in the source</h3>
      <AttentionChoice graph={graph} />
      <RunningText axis={source} strength={(i) => row[i]} />
      <p class="muted">{describe(graph, which)}</p>
      <ol class="looked-list">
        {source.tokens.map((token, i) => (
          <li key={i}>
            <bdi>{token.text}</bdi>
            <span class="bar"><span style={{ width: `${row[i] * 100}%` }} /></span>
            <button class="num" aria-label={`weight of ${token.text}: ${show(row[i])}`} onClick={() => openCell(...strongest(graph, which, [step], [i]))}>
              {show(row[i])}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
