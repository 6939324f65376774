// The proof in short: a line for each experiment, what was changed and which of the two words the model prefers then.

import type { ComponentChildren } from "preact";
import type { Graph } from "../../graph";
import type { Cause, Trace } from "../../record";
import { MEASURES, written } from "./effects";
import { besides, proof, type Found } from "./findings";
import { effectOf, pronounOf, sourceWord } from "../../causes/parts";
import { saidText } from "./says";
import { Word } from "./Word";

interface Props {
  graph: Graph;
  /** Does the experiment of a cell, or leads to where it is done. */
  onTry(found: Found): void;
  chosen?(found: Found): boolean;
}

export function Proof({ graph, onTry, chosen }: Props) {
  const trace = graph.recorded;
  const cause = trace.cause!;
  const rest = besides(cause);
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="The proof">
      <table class="proof">
        <thead><tr><th scope="col">What is changed</th><th scope="col">Which word it then prefers, by what odds</th><td /></tr></thead>
        <tbody>
          <tr><th scope="row">nothing: the sentence as it is</th><td><Prefers cause={cause} value={cause.clean} /></td><td /></tr>
          {proof(cause).map((found) => (
            <tr key={`${found.row} ${found.column}`} class={chosen?.(found) ? "on" : ""}>
              <th scope="row"><Change trace={trace} found={found} /></th>
              <td><Prefers cause={cause} value={cause.clean - effectOf(found)!} /></td>
              <td><button aria-pressed={chosen?.(found)} onClick={() => onTry(found)}>{chosen?.(found) ? "Undo" : "Do it"}</button></td>
            </tr>
          ))}
          {rest && <tr><th scope="row">any other word{also(trace)}, at any depth (the most does <Word text={sourceWord(trace, rest.column)} />)</th><td><Prefers cause={cause} value={cause.clean - rest.effect} /></td><td /></tr>}
        </tbody>
      </table>
    </div>
  );
}

/** ", “it” too": a pronoun that decides nothing is what a reader asks for first. */
function also(trace: Trace): ComponentChildren {
  const place = pronounOf(trace);
  return place === null || trace.cause!.deciding.includes(place) ? null : <>, <Word text={sourceWord(trace, place)} /> too</>;
}

const LARGEST = 15; // e^15 is three million; beyond that a number says no more

/** Which word, and by how much: odds where the measure is a logit difference, whose exponential they are. */
function Prefers({ cause, value }: { cause: Cause; value: number }) {
  const { a, b, measure } = cause.contrast;
  if (measure !== "logit_difference") return <>{MEASURES[measure]} of <bdi>{saidText(a)}</bdi>: <b class="figure">{written(cause, value)}</b></>;
  const odds = Math.exp(Math.min(Math.abs(value), LARGEST));
  return (
    <span class={value < 0 ? "for-b" : "for-a"}>
      <b><bdi>{saidText(value < 0 ? b : a)}</bdi></b> <span class="figure">{Math.abs(value) > LARGEST && "over "}{odds < 10 ? odds.toFixed(1) : Math.round(odds).toLocaleString("en")} : 1</span>
    </span>
  );
}

/** What is done, in a line: with a second sentence, whose word or state comes in. */
function Change({ trace, found }: { trace: Trace; found: Found }) {
  const { second, ablation } = trace.cause!;
  const name = <Word text={sourceWord(trace, found.column)} />;
  const depth = atDepth(found);
  if (ablation === "zero") return <>{name} {depth} becomes zeros</>;
  if (ablation === "mean") return <>{name} {depth} becomes the mean over the sentence</>;
  const pair = second!.places.find(([place]) => place === found.column);
  const there = pair && second!.tokens[pair[1]];
  const differs = there && there.id !== trace.axes.source.tokens![found.column].id;
  if (found.row === 0 && differs) return <>only the word {name} becomes <Word text={saidText(there)} /></>;
  return <>only the numbers of {name} {depth} become those {differs ? <>of <Word text={saidText(there)} /></> : "that it has"} in the second sentence</>;
}

function atDepth({ map, row }: Found): string {
  if (row === 0) return "as it comes in";
  return row === map.rows.length - 1 ? "after the encoder’s last layer" : `after the encoder’s ${map.rows[row]}`;
}
