// Direct logit attribution: the logit difference as a sum of terms, as bars to both sides, largest first.

import { useState } from "preact/hooks";
import type { Graph } from "../../graph";
import { show } from "../../numbers";
import type { Term } from "../../record";
import { openTensor } from "../../store";
import { topOf } from "./findings";
import { readWord, sourceWord } from "../../causes/parts";

const FIRST = 8; // terms shown before one asks for more

export function Sum({ graph }: { graph: Graph }) {
  const { decomposition, clean } = graph.recorded.cause!;
  const [all, setAll] = useState(false);
  if (!decomposition.length) return null;
  const terms = [...decomposition].sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  const most = Math.abs(terms[0].value) || 1;
  const [shown, rest] = all ? [terms, []] : [terms.slice(0, FIRST), terms.slice(FIRST)];
  return (
    <section class="card" aria-labelledby="why-sum">
      <h3 id="why-sum">The logit difference as a sum</h3>
      <p class="muted">
        The decoder’s last state is a sum: embedding, every head, every feed-forward block, biases. Each has its share of the logit difference, the last norm’s
        scale held at what it was, and the shares add up to {show(clean)}. A share is what a part tells the output layer itself; what it tells other parts, which then speak, is counted there.
      </p>
      <ul class="sum">
        {shown.map((term) => <Line key={`${term.tensor} ${term.head}`} graph={graph} term={term} most={most} />)}
        {rest.length > 0 && <li class="sum-line"><button class="link" onClick={() => setAll(true)}>{rest.length} other terms</button><Bar value={total(rest)} most={most} /><span class="figure">{show(total(rest))}</span></li>}
        <li class="sum-line sum-total"><span>sum</span><span /><b class="figure">{show(total(terms))}</b></li>
      </ul>
    </section>
  );
}

const total = (terms: readonly Term[]): number => terms.reduce((sum, { value }) => sum + value, 0);

function Line({ graph, term, most }: { graph: Graph; term: Term; most: number }) {
  const { tensor, head, value } = term;
  const name = <>{titleOfTerm(tensor)}{head !== null && <>, head {head}</>}</>;
  return (
    <li class="sum-line">
      <span>{graph.has(tensor) ? <button class="link" title={`Open ${tensor}`} onClick={() => openTensor(tensor)}>{name}</button> : name}<From graph={graph} term={term} /></span>
      <Bar value={value} most={most} />
      <span class="figure">{show(value)}</span>
    </li>
  );
}

/** The place that gave a head the most of its share. */
function From({ graph, term: { tensor, by_key } }: { graph: Graph; term: Term }) {
  if (!by_key?.length) return null;
  const place = topOf(by_key);
  const word = tensor.includes("cross_attention") ? sourceWord(graph.recorded, place) : readWord(graph.recorded, place);
  return <small class="muted"> {show(by_key[place])} of it from <bdi>{word}</bdi></small>;
}

const Bar = ({ value, most }: { value: number; most: number }) => (
  <span class={`two-sided ${value < 0 ? "against" : "for"}`} aria-hidden="true"><span style={{ width: `${(100 * Math.abs(value)) / most}%` }} /></span>
);

/** "decoder.1.cross_attention.heads" as "decoder layer 1, cross-attention". */
function titleOfTerm(tensor: string): string {
  const [, layer, kind, rest] = /^decoder\.(\d+)\.([a-z_]+)\.(.+)$/.exec(tensor) ?? [];
  if (!layer) return tensor.replaceAll(".", " ").replaceAll("_", " ");
  const part = rest === "heads" || rest === "outer" ? "" : ` ${rest.replaceAll(".", " ")}`;
  return `decoder layer ${layer}, ${kind.replaceAll("_", kind === "feed_forward" || kind.endsWith("attention") ? "-" : " ")}${part}`;
}
