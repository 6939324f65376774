// What the maps come to, in sentences made from their numbers: which words decide, on which way, and how that was proved.

import type { ComponentChildren } from "preact";
import type { Graph } from "../../graph";
import type { Cause, Trace } from "../../record";
import { MEASURES, odds, sizeOf, written } from "./effects";
import { besides, carriers, decidingHead, DECIDES, itsFellows, most, route, strongestHead, turns, type Found, type Run } from "./findings";
import { chosenPart, intervene } from "./intervening";
import { depthName, kindOf, partId, partName, PUT_THERE, sourceWord } from "../../causes/parts";
import { Proof } from "./Proof";
import { matter, saidText } from "./says";
import { page, place } from "../../store";
import { Carried } from "../tour/HeadsDo";
import { Word } from "./Word";

export function Answer({ graph }: { graph: Graph }) {
  const cause = graph.recorded.cause!;
  const on = chosenPart();
  return (
    <section class="card" aria-labelledby="why-answer">
      <h3 id="why-answer"><Verdict graph={graph} /></h3>
      <p class="muted">
        How that is proved: in each line one thing is changed: it gets {PUT_THERE[cause.ablation]}; all that follows is computed anew, and nothing else is touched.
      </p>
      <Proof graph={graph} onTry={intervene} chosen={(found) => partId(found) === on} />
      <h4>The way through the model</h4>
      <p class="muted">
        The <b>effect</b> of a change is what the {MEASURES[cause.contrast.measure]} loses by that, of {written(cause, cause.clean)}
        {cause.other !== null && <> (with the whole second sentence {written(cause, cause.other)} would be left)</>}.
      </p>
      <ol class="route">
        {route(cause).map((run, i, runs) => <Stage key={i} graph={graph} run={run} before={runs[i - 1] ?? null} />)}
        <Reading cause={cause} />
      </ol>
      <Others trace={graph.recorded} cause={cause} />
      <Many />
    </section>
  );
}

/** The answer in a sentence: which word decides, and where the encoder has taken that when the decoder reads. */
export function Verdict({ graph }: { graph: Graph }) {
  const trace = graph.recorded;
  const cause = trace.cause!;
  const [first, ...later] = route(cause).filter(({ first: { column } }) => cause.deciding.includes(column));
  if (!first) return <>No word decides.</>;
  const word = ({ first: { column } }: Run) => <Word text={sourceWord(trace, column)} />;
  const last = later.at(-1) ?? first;
  const what = matter(trace);
  const read = last.last.row === first.first.map.rows.length - 1; // what the decoder reads
  const left = Math.abs(first.first.map.total[last.first.row][first.first.column] ?? 0) < DECIDES * most(cause);
  return (
    <>
      The word {word(first)} decides.{" "}
      {last !== first && <>The encoder hands {what === "what decides" ? "that" : what} on{read ? <>: when the decoder reads, {what} is found at {word(last)}</> : <> to {word(last)}</>}{left && <>, no longer at {word(first)}</>}.</>}
      {last === first && read && <>{sentenceCase(what)} is still found there when the decoder reads.</>}
      <Close cause={cause} found={first.first} />
    </>
  );
}

const CLOSE = Math.log(3); // of odds; below that a choice is a close one

/** A word can decide a choice that is close as the sentence stands: how close it is, and what it is without that word. */
function Close({ cause: { contrast: { a, b, measure }, clean }, found: { effect } }: { cause: Cause; found: Found }) {
  if (measure !== "logit_difference" || Math.abs(clean) >= CLOSE) return null;
  const [now, then] = [clean < 0 ? b : a, clean - effect < 0 ? b : a];
  return <> The choice is a close one, <bdi>{saidText(now)}</bdi> by {odds(clean)}&nbsp;:&nbsp;1; with that word changed it is {now === then ? "still " : ""}<bdi>{saidText(then)}</bdi> by {odds(clean - effect)}&nbsp;:&nbsp;1.</>;
}

/** "a", "a and b", "a, b and c". */
const listed = (words: readonly ComponentChildren[]): ComponentChildren =>
  words.map((word, i) => [i === 0 ? "" : i === words.length - 1 ? " and " : ", ", word]);

/** One word's stretch of the way: at which depths the difference is there, and what brought it. */
function Stage({ graph, run: { first, last }, before }: { graph: Graph; run: Run; before: Run | null }) {
  const trace = graph.recorded;
  const cause = trace.cause!;
  const { rows, total } = first.map;
  const head = before && layerHead(cause, first.row - 1);
  return (
    <li>
      <b>{first.row === 0 ? "At the words themselves" : sentenceCase(depthName(rows[first.row]))}{last.row > first.row && `, and still ${depthName(rows[last.row])}`}</b>{" "}
      {matter(trace)} is mostly at <Word text={sourceWord(trace, first.column)} />: effect <Try graph={graph} found={first} />
      {turns(cause, first.effect) && <>, and the model says <span class="word-b"><bdi>{saidText(cause.contrast.b)}</bdi></span></>}.
      {before && <> No longer at <Word text={sourceWord(trace, before.first.column)} /> ({written(cause, total[first.row][before.first.column] ?? 0)}).</>}
      {head && <> What moves {matter(trace) === "what decides" ? "that" : matter(trace)}: {partName(trace, head)}, by itself <Try graph={graph} found={head} />.</>}
    </li>
  );
}

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The head of the encoder's self-attention in a layer that has at least half of the largest effect; null without one. */
function layerHead(cause: Cause, layer: number): Found | null {
  const head = decidingHead(cause, "encoder.self_attention");
  return head?.row === layer ? head : null;
}

/** How the decoder takes it over. */
function Reading({ cause }: { cause: Cause }) {
  const head = strongestHead(cause, "decoder.cross_attention");
  if (!head) return null;
  return (
    <li>
      <b>In the decoder</b> the most comes through head {head.column} of the {kindOf(head.map)} in {head.map.rows[head.row]}: effect {written(cause, head.effect)}
      {" "}of {written(cause, most(cause))}{!decidingHead(cause, head.map.name) && ", so no single head of that attention carries half"}.
      {itsFellows(head).length > 0 && <> The others of that layer, each changed alone: {itsFellows(head).map(({ column, effect }) => `head ${column} ${written(cause, effect)}`).join(", ")}.</>}
    </li>
  );
}

/** An effect in a sentence: a click does the experiment. */
const Try = ({ graph, found }: { graph: Graph; found: Found }) => (
  <button class={`num ${chosenPart() === partId(found) ? "on" : ""}`} aria-pressed={chosenPart() === partId(found)} title="Do this"
    aria-label={`effect ${written(graph.recorded.cause!, found.effect)}: do this`} onClick={() => intervene(found)}>
    {written(graph.recorded.cause!, found.effect)}
  </button>
);

/** What was measured over many sentences, if it was, and of the model that is shown: the last trace's. */
function Many() {
  const { study, traces } = page.value!;
  if (!study?.contrasts.length || place.value.trace !== traces.length - 1) return null;
  return (
    <>
      <h4>And in other sentences?</h4>
      <p class="muted">All of the above is proved for this sentence. Over many, that the model has not seen:</p>
      {study.contrasts.map((one) => <Carried key={one.contrast} contrast={one} />)}
    </>
  );
}

/** What the other words do, and whether the proof holds without them. */
function Others({ trace, cause }: { trace: Trace; cause: Cause }) {
  const rest = besides(cause);
  const turning = carriers(cause).filter((found): found is Found => found !== null && turns(cause, found.effect));
  const words = [...new Set(turning.map(({ column }) => column))];
  const { a, b } = cause.contrast;
  return (
    <p>
      {words.length > 0 && <>{words.length > 1 && "Each of "}{listed(words.map((place) => <Word text={sourceWord(trace, place)} />))} is enough by itself: with its numbers of the second sentence, and everything else of this one, the model says <bdi>{saidText(b)}</bdi> instead of <bdi>{saidText(a)}</bdi>. </>}
      {rest && <>No other single word, at any depth, moves the {MEASURES[cause.contrast.measure]} by more than {sizeOf(cause, rest.effect).replace("less than ", "")}.</>}
    </p>
  );
}
