// The stop on heads: what the heads of this model do, measured over sentences that it has not seen.

import type { Estimate, Study } from "../../record";
import "./HeadsDo.css";

type Contrast = Study["contrasts"][number];

const STANDS_OUT = 0.5; // of a head's weight, or of a change

export function HeadsDo({ study }: { study: Study | null }) {
  if (!study) {
    return <p class="note">What the heads of this model do over many sentences was not measured, so nothing is said of it here. <code>glassformer study</code> measures it.</p>;
  }
  const looks = study.patterns.flatMap(({ attention, head, ...patterns }) =>
    Object.entries(patterns as Record<string, Estimate>).filter(([, { mean }]) => mean >= STANDS_OUT).map(([pattern, estimate]) => ({ name: headName(attention, head), pattern, estimate })));
  return (
    <section class="card decided-by" aria-label="What the heads of this model do">
      <h4>What the heads of this model do, over {study.sentences} sentences that it has not seen</h4>
      <p><b>What they look at.</b> {looks.length === 0 ? "No head gives half of its weight to one kind of place." : "Heads that give at least half of their weight to one kind of place (mean weight, 95 % interval):"}</p>
      {looks.length > 0 && <ul>{looks.map(({ name, pattern, estimate }) => <li key={`${name} ${pattern}`}>{name}: {pattern} {interval(estimate)}</li>)}</ul>}
      {study.contrasts.map((one) => <Carried key={one.contrast} contrast={one} />)}
    </section>
  );
}

/** Whether a swap of one word turns another, and where that goes, over many sentences. */
export function Carried({ contrast }: { contrast: Contrast }) {
  const { contrast: swap, heads, used, carriers } = contrast;
  const strong = heads.filter(({ mean }) => mean >= STANDS_OUT);
  return (
    <>
      <p><b>What one word carries.</b> In {contrast.found} sentences one word was swapped: {swap}. <Turned contrast={contrast} /></p>
      {used > 0 && (
        <div class="scroll">
          <table class="figures">
            <caption class="carried-caption">How much of the change comes with one part alone, if only that is put in from the other sentence (1: all of it). Mean and 95 % interval over {used === 1 ? "that one sentence" : `those ${used} sentences`}.</caption>
            <thead><tr><th scope="col">part</th><th scope="col">share</th><th scope="col">interval</th><th scope="col">which word that is, and how often</th></tr></thead>
            <tbody>
              {Object.entries(carriers).map(([depth, { words, share }]) => (
                <Share key={depth} estimate={share} name={depth === "embedding" ? "the word as it comes in" : `the state of one word after ${depth}`} words={words} />
              ))}
              {strong.map((one) => <Share key={`${one.attention} ${one.head}`} estimate={one} name={headName(one.attention, one.head)} />)}
            </tbody>
          </table>
        </div>
      )}
      {used > 0 && strong.length === 0 && <p class="muted">No head alone carries half of that change.</p>}
    </>
  );
}

const FEW = 3; // words that are listed

function Share({ estimate: { mean, low, high }, name, words = {} }: { estimate: Estimate; name: string; words?: { readonly [word: string]: number } }) {
  const all = Object.entries(words);
  const others = all.slice(FEW).reduce((sum, [, count]) => sum + count, 0);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{mean.toFixed(2)}</td>
      <td>{low !== null && high !== null && `${low.toFixed(2)} to ${high.toFixed(2)}`}</td>
      <td class="words">{all.slice(0, FEW).map(([word, count]) => `${word.replace(/^\((.*)\)$/, "$1")} ${count}`).join(", ")}{others > 0 && `, others ${others}`}</td>
    </tr>
  );
}

/** In how many sentences the swap turned the word, and what that comes to. */
function Turned({ contrast: { found, asked = found, used } }: { contrast: Contrast }) {
  if (asked === 0) return <>None of the translations has a word to compare, so this says nothing of the model.</>;
  const verdict = VERDICTS.find(([least]) => used / asked >= least)![1];
  return (
    <>
      {asked < found && <>Of the translations, {asked} {asked === 1 ? "has" : "have"} a word that could turn with it. </>}
      In <b>{used} of {asked < found && "these "}{asked}</b> the model then prefers the other form: {verdict}.
    </>
  );
}

const VERDICTS: readonly (readonly [least: number, words: string])[] = [
  [1, "in every one of them that word decides"],
  [0.9, "that word decides nearly always"],
  [0.5, "that word decides mostly, but not always"],
  [Number.MIN_VALUE, "mostly something else decides, and what follows holds for these few only"],
  [0, "that word does not decide it"],
];

const headName = (attention: string, head: number): string => {
  const [stack, layer, kind] = attention.split(".");
  return `${stack} layer ${layer}, ${kind.replace("_", "-")}, head ${head}`;
};

const interval = ({ mean, low, high }: Estimate): string =>
  low === null || high === null ? mean.toFixed(2) : `${mean.toFixed(2)} [${low.toFixed(2)} ${high.toFixed(2)}]`;
