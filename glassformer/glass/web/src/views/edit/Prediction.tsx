// What the model says after the edit: at each step beside what it said before, and as a translation of its own.

import { Interlinear } from "../../components/Gloss";
import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { piecesOf } from "../../labels";
import { percent } from "../../numbers";
import { pieceLabel } from "../../pieces";
import { likeliest, probability } from "./editing";
import { isReadingOn } from "./reading";
import { spokenNow } from "./spoken";

export function Prediction({ graph }: { graph: Graph }) {
  const changed = graph.isAltered;
  if (!changed || !graph.values("log_probs")) return null;
  return (
    <section class="card">
      <h3>What the model says now</h3>
      <Sentence graph={graph} />
      <Steps graph={graph} />
    </section>
  );
}

/** Greedy decoding with the edits in place; each new edit begins it anew. */
function Sentence({ graph }: { graph: Graph }) {
  const said = spokenNow(graph);
  const { text } = graph.recorded.decode!;
  return (
    <>
      <dl class="spoken">
        <div><dt>before</dt><dd dir="auto"><Interlinear trace={graph.recorded} text={text} /></dd></div>
        <div>
          <dt>now</dt>
          <dd dir="auto" aria-live="polite" class={said && said.text !== text ? "differs" : ""}>{said ? <Interlinear trace={graph.recorded} text={said.text + (said.finished ? "" : " …")} beside={text} /> : "…"}</dd>
        </div>
      </dl>
      <p class="muted">
        Decoded anew from <code>{"<s>"}</code>, the likeliest token at each step (no beam).
        {said && !said.finished && " It has no more rows to write in than the record has steps, so it is cut off here."}
        {said && said.text === text && " The same as before."}
      </p>
    </>
  );
}

function Steps({ graph }: { graph: Graph }) {
  const pieces = piecesOf(graph.trace, "target");
  const read = graph.values("target.ids")!;
  const name = (id: number) => <bdi>{pieceLabel(pieces[id])}</bdi>;
  const rows = graph.recorded.decode!.steps.map(({ candidates, chosen }, step) => {
    const before = candidates.find(({ forbidden }) => !forbidden) ?? chosen;
    const now = likeliest(graph, step);
    return { step, before, now, differs: now !== before.id };
  });
  const moved = rows.filter(({ differs }) => differs).length;
  return (
    <>
      <p>
        Step by step, with the decoder reading {isReadingOn(graph) ? "what it now writes" : "what it wrote before"}:{" "}
        <b>{moved === 0 ? "no step has another favourite" : moved === 1 ? "one step has another favourite" : `${moved} steps have another favourite`}</b>.
      </p>
      <div class="scroll">
        <table class="figures full steps">
          <thead><tr><th scope="col">reads</th><th scope="col">favourite before</th><th scope="col">favourite now</th><th scope="col">the old one now</th></tr></thead>
          <tbody>
            {rows.map(({ step, before, now, differs }) => (
              <tr key={step} class={differs ? "differs" : ""}>
                <th scope="row">{name(read[step])}</th>
                <td><bdi>{before.text.trim() || pieceLabel(before.piece)}</bdi> {percent(before.probability)}</td>
                <td>{differs && <span class="sr">changed: </span>}{name(now)} <Num graph={graph} tensor="log_probs" index={[step, now]} text={percent(probability(graph, step, now))} /></td>
                <td><Num graph={graph} tensor="log_probs" index={[step, before.id]} text={percent(probability(graph, step, before.id))} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
