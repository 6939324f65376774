// What attention and the literature's attributions say of the source's words, beside what the interventions found.

import { useEffect } from "preact/hooks";
import { compare, comparisonOf } from "../../comparing";
import type { Graph } from "../../graph";
import { percent, show } from "../../numbers";
import { fill, inkOn, UNIT } from "../../palette";
import { isDark, openView } from "../../store";
import { attention, EVERYWHERE } from "../decoding/attention";
import { felt, topOf } from "./findings";
import { sourceWord } from "../../causes/parts";
import { SourceWord, Word } from "./Word";

interface Opinion {
  readonly name: string;
  readonly shares: readonly number[]; // of each source word, adding up to 1
}

const INTEGRATED = "integrated gradients";
const LOOKED = "cross-attention, mean of all heads";

/** All sizes, as shares of their sum. */
function shares(values: ArrayLike<number>): number[] {
  const sizes = Array.from(values, Math.abs);
  const sum = sizes.reduce((a, b) => a + b, 0);
  return sizes.map((value) => (sum ? value / sum : 0));
}

/** What each method says: first the interventions, then attention, then the attributions. */
function opinions(graph: Graph): { found: Opinion; others: Opinion[] } {
  const cause = graph.recorded.cause!;
  const source = graph.recorded.axes.source.size;
  const weights = attention(graph, EVERYWHERE);
  const row = weights?.subarray(cause.contrast.step * source, (cause.contrast.step + 1) * source);
  const looked: Opinion[] = row ? [{ name: LOOKED, shares: shares(row) }] : [];
  return {
    found: { name: "interventions (largest effect at any depth)", shares: shares(felt(cause)) },
    others: [...looked, ...(comparisonOf(graph).found?.attributions ?? []).map(({ method, source: values }): Opinion => ({ name: method, shares: shares(values) }))],
  };
}

export function Beside({ graph }: { graph: Graph }) {
  useEffect(() => compare(graph), [graph]);
  const trace = graph.recorded;
  const { deciding } = trace.cause!;
  const { found, others } = opinions(graph);
  const disagree = others.filter(({ shares: own }) => !deciding.includes(topOf(own)));
  // Of the deciding words the one that attention heeds least.
  const looked = others.find(({ name }) => name === LOOKED);
  const least = looked && [...deciding].sort((one, other) => looked.shares[one] - looked.shares[other])[0];
  const places = found.shares.map((_, place) => place);
  return (
    <section class="card" aria-labelledby="why-beside">
      <h3 id="why-beside">Attention, and what other methods say</h3>
      <p>
        {disagree.length === 0
          ? <>{others.length === 1 ? "Attention" : `Each of these ${others.length}`} puts a deciding word first.</>
          : <>{others.length === 1 ? "Attention puts" : `${disagree.length} of these ${others.length} put`} a word first that no intervention finds to decide: {disagree.map(({ name, shares: own }, i) => [i ? ", " : "", name, " ", <Word key={i} text={sourceWord(trace, topOf(own))} />])}.</>}
        {looked && least !== undefined && <> To <Word text={sourceWord(trace, least)} />, whose change turns the word or goes half the way, cross-attention gives {percent(looked.shares[least])} of its weight at this step.</>}
        {" "}They tell how much goes in, or how a small change would matter; only a change that is made shows what comes of it, and the two need not agree.
      </p>
      <div class="scroll" tabIndex={0} role="group" aria-label="What each method says of each word">
        <table class="effects opinions">
          <caption class="sr">Shares of each source word, in per cent</caption>
          <thead><tr><td />{places.map((place) => <th key={place} scope="col"><SourceWord trace={trace} place={place} /></th>)}</tr></thead>
          <tbody>
            {[found, ...others].map((one, i) => <Row key={one.name} opinion={one} places={places} deciding={deciding} first={i === 0} />)}
          </tbody>
        </table>
      </div>
      <Comparing graph={graph} />
      <p class="muted">Shares of each row in per cent. Underlined: the row’s first word; a tick says that the interventions find it to decide, too. <button class="link" onClick={() => openView("attention")}>See the attention</button></p>
    </section>
  );
}

/** How far the other methods are, where the page computes them itself; then by how much integrated gradients miss their sum. */
function Comparing({ graph }: { graph: Graph }) {
  const { found, done } = comparisonOf(graph);
  if (!found) return <p role="status" class="ask-doing"><progress value={done} max={1} aria-label="attributions computed" /> Gradients, occlusion, rollout and ALTI+ are being computed …</p>;
  const integrated = found.attributions.find(({ method }) => method === INTEGRATED);
  if (!integrated) return null;
  const sum = [...integrated.source, ...integrated.target].reduce((total, share) => total + share, 0);
  return (
    <p class="muted">
      Integrated gradients should add up to what all the words, here and in the translation so far, make together, {show(sum + found.gap)}: they add up to {show(sum)}.
    </p>
  );
}

function Row({ opinion: { name, shares: own }, places, deciding, first }: { opinion: Opinion; places: readonly number[]; deciding: readonly number[]; first: boolean }) {
  const top = topOf(own);
  const agrees = deciding.includes(top);
  return (
    <tr class={first ? "found" : ""}>
      <th scope="row">{name} {!first && (agrees ? <span title="names a deciding word">✓</span> : <span title="names no deciding word">≠</span>)}</th>
      {places.map((place) => (
        <td key={place}>
          <span class={`share ${place === top ? "top" : ""}`} title={percent(own[place] ?? 0)}
            style={{ background: fill(UNIT, own[place] ?? 0, isDark.value), color: inkOn(UNIT, own[place] ?? 0, isDark.value) }}>{Math.round(100 * (own[place] ?? 0))}</span>
        </td>
      ))}
    </tr>
  );
}
