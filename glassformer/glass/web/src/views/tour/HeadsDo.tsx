// The stop on heads: what the heads of this model do, measured over sentences that it has not seen.

import type { Estimate, Study } from "../../record";

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

/** Where a change of one word goes, over many sentences. */
export function Carried({ contrast: { contrast, found, used, heads, carriers } }: { contrast: Study["contrasts"][number] }) {
  const strong = heads.filter(({ mean }) => mean >= STANDS_OUT);
  return (
    <>
      <p>
        <b>What they carry.</b> In {found} sentences one word was swapped (<code>{contrast}</code>); in {used} of them the model then prefers the other form.
        {used > 0 && (strong.length ? " Heads that carry at least half of that change alone (mean share, 95 % interval):" : " No head alone carries half of that change.")}
      </p>
      {used > 0 && strong.length > 0 && <ul>{strong.map((one) => <li key={`${one.attention} ${one.head}`}>{headName(one.attention, one.head)}: {interval(one)}</li>)}</ul>}
      {used > 0 && (
        <p>
          Where it stands in the encoder: {Object.entries(carriers).map(([depth, { words, share }], i) => (
            <span key={depth}>{i > 0 && "; "}{depth === "embedding" ? "as a word" : `after ${depth}`} at {Object.entries(words).slice(0, 3).map(([word, count]) => `${word} (${count})`).join(", ")}, share {interval(share)}</span>
          ))}.
        </p>
      )}
    </>
  );
}

const headName = (attention: string, head: number): string => {
  const [stack, layer, kind] = attention.split(".");
  return `${stack} layer ${layer}, ${kind.replace("_", "-")}, head ${head}`;
};

const interval = ({ mean, low, high }: Estimate): string =>
  low === null || high === null ? mean.toFixed(2) : `${mean.toFixed(2)} [${low.toFixed(2)} ${high.toFixed(2)}]`;
