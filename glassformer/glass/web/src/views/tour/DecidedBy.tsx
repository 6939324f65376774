// The stop on attention: the question, what the attention says, what the intervention proves, and whether the two agree.

import { Glossed } from "../../components/Gloss";
import type { Graph } from "../../graph";
import { show } from "../../numbers";
import type { Cause } from "../../record";
import { openView } from "../../store";
import { kindsOf, mean, sheetsOf, weightsOf } from "../attentionWeights";
import { attention, EVERYWHERE } from "../decoding/attention";
import { MEASURES, written } from "../causes/effects";
import { decidingWords, felt, route, topOf, turns } from "../causes/findings";
import { depthName, pronounOf, PUT_THERE, sourceWord } from "../../causes/parts";
import { saidText } from "../causes/says";
import { Word } from "../causes/Word";

export function DecidedBy({ graph }: { graph: Graph }) {
  const trace = graph.recorded;
  const { cause } = trace;
  if (!cause) {
    return <p class="note">Which words decide in this translation was not measured, so nothing is said of it here. <code>glassformer explain … --cause</code> measures it.</p>;
  }
  const { a, b } = cause.contrast;
  return (
    <section class="card decided-by" aria-label="What decides in this model">
      <h4>Why <Glossed trace={trace} token={a} /> and not <Glossed trace={trace} token={b} />?</h4>
      <ol>
        <li><b>What the attention says.</b> <Looks graph={graph} cause={cause} /></li>
        <li><b>What the intervention proves.</b> <Proof graph={graph} cause={cause} /></li>
        <li><b>Do they agree?</b> <Agreement graph={graph} cause={cause} /></li>
      </ol>
      <p><button class="do" onClick={() => openView("why")}>Do the experiments yourself →</button></p>
    </section>
  );
}

interface Props {
  graph: Graph;
  cause: Cause;
}

/** The source's pronoun, which the question is about, and what it looks at in the encoder; null without one. */
function pronoun(graph: Graph): { place: number; row: Float64Array } | null {
  const place = pronounOf(graph.recorded);
  const kind = kindsOf(graph.recorded).find(({ id }) => id === "encoder.self_attention");
  if (place === null || !kind) return null;
  const size = graph.recorded.axes.source.size;
  const weights = mean(sheetsOf(kind, EVERYWHERE).map((sheet) => weightsOf(graph, sheet)));
  return { place, row: weights.subarray(place * size, (place + 1) * size) };
}

/** The row of the cross-attention that is about to write the word. */
function crossRow(graph: Graph, { contrast }: Cause): Float64Array | null {
  const size = graph.recorded.axes.source.size;
  return attention(graph, EVERYWHERE)?.subarray(contrast.step * size, (contrast.step + 1) * size) ?? null;
}

function Looks({ graph, cause }: Props) {
  const trace = graph.recorded;
  const [own, cross] = [pronoun(graph), crossRow(graph, cause)];
  const weights = (row: Float64Array) => (
    <>
      <Word text={sourceWord(trace, topOf(row))} /> with {show(row[topOf(row)])}
      {decidingWords(cause).filter((place) => place !== topOf(row)).map((place) => <span key={place}>, at <Word text={sourceWord(trace, place)} /> with {show(row[place])}</span>)}
    </>
  );
  return (
    <>
      {own && <>In the encoder <Word text={sourceWord(trace, own.place)} /> looks most at {weights(own.row)}. </>}
      {cross && <>About to write <bdi>{saidText(cause.contrast.a)}</bdi>, the decoder looks most at {weights(cross)}. </>}
      Each is the mean over all heads and layers.
    </>
  );
}

function Proof({ graph, cause }: Props) {
  const trace = graph.recorded;
  const own = pronoun(graph);
  return (
    <>
      One word, at one depth of the encoder, gets {PUT_THERE[cause.ablation]}{cause.second && <> (“{cause.second.text}”)</>}; all else is left as it is. The {MEASURES[cause.contrast.measure]} of the two words was {written(cause, cause.clean)}.{" "}
      {route(cause).map(({ first }) => (
        <span key={first.row}>
          With <Word text={sourceWord(trace, first.column)} /> changed {first.row === 0 ? "as a word" : depthName(first.map.rows[first.row])} it is {written(cause, cause.clean - first.effect)}
          {turns(cause, first.effect) && <>, so the model says <bdi>{saidText(cause.contrast.b)}</bdi></>}.{" "}
        </span>
      ))}
      {own && !cause.deciding.includes(own.place) && <>Changing <Word text={sourceWord(trace, own.place)} />, at any depth, moves it by at most {written(cause, felt(cause)[own.place])}.</>}
    </>
  );
}

function Agreement({ graph, cause }: Props) {
  const trace = graph.recorded;
  const rows = [pronoun(graph)?.row, crossRow(graph, cause)].filter((row): row is Float64Array => Boolean(row));
  const first = [...new Set(rows.map(topOf))];
  return (
    <>
      {first.map((place) => (
        <span key={place}><Word text={sourceWord(trace, place)} />, looked at most, {cause.deciding.includes(place) ? "does decide" : "decides nothing"}: changing it moves the {MEASURES[cause.contrast.measure]} by {written(cause, felt(cause)[place])} at most. </span>
      ))}
      They need not agree: a weight tells how much of a word is taken, not what comes of it.
    </>
  );
}
