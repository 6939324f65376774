// The proof in short: a line for each experiment, what was changed and which of the two words the model prefers then.

import type { Graph } from "../../graph";
import type { Cause, Trace } from "../../record";
import { MEASURES, odds, written } from "./effects";
import { carries, proof, pronounCell, rest, route, type Found } from "./findings";
import { depthName, effectOf, sourceWord } from "../../causes/parts";
import { matter, saidText } from "./says";
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
  const pronoun = pronounCell(trace);
  const found = proof(cause);
  const others = rest(cause, pronoun?.column ?? null);
  if (pronoun && carries(cause, pronoun) !== "most") found.push(pronoun);
  return (
    <>
      {found.some(({ row }) => row > 0) && <p class="muted">Layers count from 0.</p>}
      <div class="scroll proof-window" tabIndex={0} role="group" aria-label="The proof">
        <table class="proof">
          <thead><tr><th scope="col">What is changed</th><th scope="col">Which word the model then prefers, by what odds</th><td /></tr></thead>
          <tbody>
            <tr><th scope="row">nothing: the sentence as it is</th><td><Prefers cause={cause} values={[cause.clean]} /></td><td /></tr>
            {found.map((one) => (
              <tr key={`${one.row} ${one.column}`} class={chosen?.(one) ? "on" : ""}>
                <th scope="row"><Change trace={trace} found={one} /></th>
                <td><Prefers cause={cause} values={[cause.clean - effectOf(one)!]} /></td>
                <td><button aria-pressed={chosen?.(one)} onClick={() => onTry(one)}>{chosen?.(one) ? "Undo" : "Do this"}</button></td>
              </tr>
            ))}
            {others && <tr><th scope="row">any other single word, at any depth</th><td>{others.every((value) => value < 0 === cause.clean < 0) && "still "}<Prefers cause={cause} values={others} /></td><td /></tr>}
          </tbody>
        </table>
      </div>
      {pronoun && <p><Pronoun trace={trace} found={pronoun} /></p>}
    </>
  );
}

/** What a reader asks first: whether the pronoun carries what decides. */
function Pronoun({ trace, found }: { trace: Trace; found: Found }) {
  const cause = trace.cause!;
  const [word, from] = [<Word text={sourceWord(trace, found.column)} />, route(cause)[0]?.first.column];
  const how = carries(cause, found);
  const measured = <>changing {word}, at whatever depth, the model says <Prefers cause={cause} values={left(cause, found)} />.</>;
  if (how === "most") return <>The pronoun {word} carries {matter(trace)}: {measured}</>;
  return (
    <>
      One would expect the pronoun {word} to carry {matter(trace)}{from !== undefined && from !== found.column && <> of <Word text={sourceWord(trace, from)} /></>}, for a pronoun stands for another word.
      {how === "part" ? " In this sentence the pronoun carries only a part: " : " In this sentence the pronoun does not: "}{measured}
    </>
  );
}

/** What is left at least and at most when a word is changed, over the depths. */
function left(cause: Cause, { map, column }: Found): readonly [least: number, most: number] {
  const values = map.total.map((row) => cause.clean - (row[column] ?? 0));
  return [Math.min(...values), Math.max(...values)];
}

/** Which word, and by how much: odds where the measure is a logit difference. `values`: one, or the least and the most. */
function Prefers({ cause, values }: { cause: Cause; values: readonly number[] }) {
  const { a, b, measure } = cause.contrast;
  if (measure !== "logit_difference") return <>{MEASURES[measure]} of <bdi>{saidText(a)}</bdi>: <b class="figure">{distinct(values.map((value) => written(cause, value)))}</b></>;
  const sides = values[0] < 0 === values[values.length - 1] < 0 ? [values] : values.map((value) => [value]);
  return sides.map((side, i) => (
    <>
      {i > 0 && " to "}
      <span class={side[0] < 0 ? "for-b" : "for-a"}>
        <b><bdi>{saidText(side[0] < 0 ? b : a)}</bdi></b> <span class="figure">{distinct([...side].sort((one, other) => Math.abs(one) - Math.abs(other)).map(odds))} : 1</span>
      </span>
    </>
  ));
}

/** "500", or "496 to 506". */
const distinct = (texts: readonly string[]): string => [...new Set(texts)].join(" to ");

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
  return depthName(map.rows[row]) + (row === map.rows.length - 1 ? ", the encoder’s last," : "");
}
