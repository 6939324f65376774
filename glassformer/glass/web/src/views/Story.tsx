// Where the page begins: a sentence, how it is translated in six steps with its own numbers, and from each a way down.

import type { ComponentChildren } from "preact";
import { Frame } from "../components/Frame";
import { Abbreviations, Interlinear } from "../components/Gloss";
import { SentenceBox } from "../components/Typed";
import type { Graph } from "../graph";
import { below, useLinked } from "../linked";
import { choosing, go, openView } from "../store";
import { Attend } from "./story/Attend";
import { Because } from "./story/Because";
import { Layers } from "./story/Layers";
import { Loop, Write } from "./story/Write";
import { Pieces } from "./story/Pieces";
import { Vectors } from "./story/Vectors";
import "./Story.css";

interface Link {
  readonly id: string;
  readonly title: string;
}

export function Story({ graph, views }: { graph: Graph; views: readonly Link[] }) {
  const { decode, axes } = graph.trace;
  const tokens = axes.source.tokens!;
  const first = Math.max(0, tokens.findIndex(({ special }) => !special));
  const [row, setRow] = useLinked("row", below(tokens.length), first);
  const { steps } = decode!;
  const unsure = steps.reduce((least, { chosen }, i) => (chosen.probability < steps[least].chosen.probability ? i : least), 0);
  const [step, setStep] = useLinked("step", below(steps.length), unsure);
  const offered = ({ view }: { view: string }) => views.find(({ id }) => id === view);
  const down = (view: string, change: Parameters<typeof go>[0] = {}) => {
    const found = offered({ view });
    return found && <button class="story-down" onClick={() => go({ view, block: null, tensor: null, cell: null, ...change })}>Look closer: {found.title} →</button>;
  };
  return (
    <Frame title="From sentence to sentence">
      <SentenceBox />
      <p class="story-answer"><span class="muted">{decode!.strategy === "forced" ? "Given as its translation:" : "This model says:"}</span> <b dir="auto">{decode!.text ? <Interlinear trace={graph.trace} text={decode!.text} /> : "…"}</b>{!decode!.finished && <span class="muted"> (cut off at the most that it may write)</span>}</p>
      <Abbreviations trace={graph.trace} words={[...decode!.text.split(/\s+/), ...asked(graph)]} />
      <Because graph={graph} />
      <p class="lead">
        How it comes to that, in six steps, with the numbers of this very sentence. Every number opens and shows how it was made.{" "}
        {offered({ view: "map" }) && <button class="link" onClick={() => openView("map")}>The whole model as a map</button>}
        {offered({ view: "tour" }) && <> · <button class="link" onClick={() => openView("tour")}>The guided tour</button></>}
      </p>
      <ol class="story">
        <Step at={1} title="Words become pieces" down={down("tokens", { choices: choosing("token", `source:${row}`) })}>
          <Pieces graph={graph} row={row} onRow={setRow} />
        </Step>
        <Step at={2} title="A piece becomes a row of numbers, and gets its place" down={down("positions")}>
          <Vectors graph={graph} row={row} />
        </Step>
        <Step at={3} title="Each piece looks at the others" down={down("attention", { block: "encoder.self_attention", choices: choosing("word", `query:${row}`) })}>
          <Attend graph={graph} row={row} />
        </Step>
        <Step at={4} title="Layer upon layer, its numbers change" down={down("residual", { choices: choosing("row", String(row)) })}>
          <Layers graph={graph} row={row} />
        </Step>
        <Step at={5} title="The decoder weighs every piece it knows, and writes one" down={down("logits", { choices: choosing("step", String(step)) })}>
          <Write graph={graph} step={step} onStep={setStep} />
        </Step>
        <Step at={6} title={`What it wrote it reads, and writes the next, until </s>`} down={down("timeline", { choices: choosing("step", String(step)) })}>
          <Loop graph={graph} step={step} onStep={setStep} />
        </Step>
      </ol>
    </Frame>
  );
}

/** The two words of the record's question. */
const asked = ({ recorded: { cause } }: Graph): string[] => (cause ? [cause.contrast.a, cause.contrast.b].map(({ text }) => text.trim()) : []);

const Step = ({ at, title, down, children }: { at: number; title: string; down: ComponentChildren; children: ComponentChildren }) => (
  <li class="card">
    <h3><span class="story-number" aria-hidden="true">{at}</span>{title}</h3>
    {children}
    {down && <p class="story-way">{down}</p>}
  </li>
);
