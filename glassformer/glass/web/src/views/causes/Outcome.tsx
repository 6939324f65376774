// What the model says under the intervention: the recorded effect at once, and what the page computes from it.

import { Glossed, Interlinear } from "../../components/Gloss";
import type { Graph } from "../../graph";
import { percent, show } from "../../numbers";
import type { Cause, Said } from "../../record";
import { openView } from "../../store";
import { spokenNow } from "../edit/spoken";
import { MEASURES, written } from "./effects";
import { chosenPart, intervene } from "./intervening";
import { effectOf, partName, partOf, PUT_THERE } from "../../causes/parts";
import { favourite, measured, now, recorded, there } from "./says";

export function Outcome({ graph }: { graph: Graph }) {
  const trace = graph.recorded;
  const cause = trace.cause!;
  const part = partOf(cause, chosenPart() ?? "");
  return (
    <section class={`card outcome ${part ? "on" : ""}`} aria-labelledby="why-outcome">
      <h3 id="why-outcome">What the model then says</h3>
      <div aria-live="polite">
        {part ? (
          <>
            <p>Now <b>{partName(trace, part)}</b> has {PUT_THERE[cause.ablation]}. <button onClick={() => intervene(part)}>Undo</button></p>
            <p class="figure-line">
              {MEASURES[cause.contrast.measure]} <b class="figure">{written(cause, cause.clean)}</b> → <b class="figure">{written(cause, cause.clean - effectOf(part)!)}</b>{" "}
              <span class="muted">as recorded</span>
            </p>
          </>
        ) : <p class="muted">Click a number: the page does that experiment, and shows here what the model says then.</p>}
        <Live graph={graph} cause={cause} asked={part !== null} />
      </div>
    </section>
  );
}

/** The probabilities before and after, and the translation that the model then writes. */
function Live({ graph, cause, asked }: { graph: Graph; cause: Cause; asked: boolean }) {
  const trace = graph.recorded;
  if (!graph.isAltered) {
    if (asked && trace.meta.detail !== "full+weights") return <p class="note">The record carries no weights, so the page cannot go on computing from here. Write it with <code>--detail full+weights</code>.</p>;
    return <Table graph={graph} cause={cause} after={null} />;
  }
  const after = now(graph);
  if (!after) return <p class="note">The record carries too little to compute what follows.</p>;
  const said = spokenNow(graph);
  return (
    <>
      <Table graph={graph} cause={cause} after={after} />
      <p class="muted">{MEASURES[cause.contrast.measure]} computed here: <b class="figure" title={show(measured(cause, after))}>{written(cause, measured(cause, after))}</b></p>
      <dl class="spoken">
        <div><dt>before</dt><dd dir="auto"><Interlinear trace={trace} text={trace.decode!.text} /></dd></div>
        <div><dt>now</dt><dd dir="auto" class={said && said.text !== trace.decode!.text ? "differs" : ""}>{said ? <Interlinear trace={trace} text={said.text + (said.finished ? "" : " …")} /> : "…"}</dd></div>
      </dl>
      <p><button class="link" onClick={() => openView("edit")}>See how far it reaches</button></p>
    </>
  );
}

/** The two words, and what the model likes best now if that is another. */
function Table({ graph, cause, after }: { graph: Graph; cause: Cause; after: ((id: number) => number) | null }) {
  const { a, b } = cause.contrast;
  const best = after && favourite(graph);
  const second = there(graph);
  const words: readonly Said[] = best && best.id !== a.id && best.id !== b.id ? [a, b, best] : [a, b];
  return (
    <table class="figures full before-after">
      <thead><tr><th scope="col"><span class="sr">word</span></th><th scope="col">as it is</th>{after && <th scope="col">now</th>}{second && <th scope="col">in the 2nd</th>}</tr></thead>
      <tbody>
        {words.map((one) => (
          <tr key={one.id}>
            <th scope="row"><Glossed trace={graph.recorded} token={one} /></th>
            <Chance id={one.id} cause={cause} probability={(id) => recorded(graph.recorded, id)} />
            {after && <Chance id={one.id} cause={cause} probability={after} />}
            {second && <Chance id={one.id} cause={cause} probability={second} />}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Chance({ id, cause, probability }: { id: number; cause: Cause; probability(id: number): number }) {
  const value = probability(id);
  const tone = id === cause.contrast.a.id ? "a" : id === cause.contrast.b.id ? "b" : "";
  return <td>{Number.isNaN(value) ? "?" : <><span class={`chance ${tone}`}><span style={{ width: `${100 * value}%` }} /></span> {percent(value)}</>}</td>;
}
