// A residual connection and its norm for one token: what was there, what the sublayer adds, the sum, the norm of it.

import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { placeText } from "../labels";
import { between, useLinked } from "../linked";
import { percent, show } from "../numbers";
import { last } from "../shapes";
import { chosenBlock, go } from "../store";
import { BatchOrLayer } from "./BatchOrLayer";
import { NormTable } from "./NormTable";
import "./Layered.css";
import { Strips } from "./Strips";
import { sublayers, type Sublayer } from "./sublayers";
import { cosine, length, rowOf } from "../vectors";

const LEAD =
  "A sublayer does not replace a token's vector: it adds to it. Look how long the addition is beside what was there, and what the norm makes of it.";

const ROW = between(0, 9999); // of whichever side the sublayer is on

export function Residual({ graph }: { graph: Graph }) {
  const all = sublayers(graph).filter(({ x, f, sum }) => [x, f, sum].every((name) => graph.values(name)));
  const [row, setRow] = useLinked("row", ROW, 0);
  const one = all.find(({ name }) => name === chosenBlock.value) ?? all[0];
  return (
    <Frame title="Residual and norm" lead={LEAD}>
      <div class="layered">
        {one ? <Chosen graph={graph} all={all} one={one} row={row} onRow={setRow} /> : <p class="note">This record carries the attentions only. Write it with <code>--detail full</code> to see the residuals.</p>}
        <BatchOrLayer />
      </div>
    </Frame>
  );
}

interface Props {
  graph: Graph;
  all: readonly Sublayer[];
  one: Sublayer;
  row: number;
  onRow(row: number): void;
}

function Chosen({ graph, all, one, row: wanted, onRow }: Props) {
  const tensor = graph.tensor(one.sum);
  const row = Math.min(wanted, tensor.shape[0] - 1);
  const tokens = Array.from({ length: tensor.shape[0] }, (_, i) => [i, placeText(graph, tensor, 0, i)] as const);
  return (
    <>
      <div class="controls">
        <Choice label="Sublayer" value={one.name} options={all.map(({ name, title }) => [name, title] as const)} onChange={(name) => go({ block: name, cell: null })} />
        <Choice label="Token" value={row} options={tokens} onChange={onRow} />
      </div>
      <Picture graph={graph} one={one} row={row} />
      {one.norm && graph.values(one.norm) && <NormTable graph={graph} norm={one.norm} row={row} />}
      <Shares graph={graph} all={all.filter(({ sum }) => graph.tensor(sum).axes[0] === tensor.axes[0])} one={one} row={row} />
    </>
  );
}

/** The rows of the picture, in the order in which they are computed. */
function steps({ x, f, sum, norm, pre }: Sublayer): { symbol: string; words: string; tensor: string }[] {
  const inner = pre && norm ? "f(norm(x))" : "f(x)";
  const all = [
    { symbol: "x", words: "what comes in", tensor: x },
    { symbol: inner, words: "what the sublayer adds", tensor: f },
    { symbol: `x + ${inner}`, words: "the sum", tensor: sum },
  ];
  if (norm && pre) all.splice(1, 0, { symbol: "norm(x)", words: "what the sublayer reads", tensor: norm });
  else if (norm) all.push({ symbol: "norm(x + f(x))", words: "what goes on", tensor: norm });
  return all;
}

function Picture({ graph, one, row }: { graph: Graph; one: Sublayer; row: number }) {
  const width = last(graph.tensor(one.sum).shape);
  const rowIn = (name: string) => rowOf(graph.values(name)!, width, row);
  const shown = steps(one).filter(({ tensor }) => graph.values(tensor));
  const lengths = shown.map(({ tensor }) => length(rowIn(tensor)));
  const longest = Math.max(...lengths) || 1;
  const [x, f, sum] = [one.x, one.f, one.sum].map(rowIn);
  return (
    <section class="card" aria-label="The token's vector, step by step">
      <h3>{one.norm ? (one.pre ? "Pre-norm" : "Post-norm") : "Residual"}</h3>
      <p class="muted">{one.norm ? (one.pre ? "The sublayer reads the norm of x; x itself goes past it." : "The sum is normalised before it goes on: the paper's order.") : "There is no norm here."}</p>
      <Strips graph={graph} row={row} unit="column" lines={shown.map((line, i) => ({
        ...line,
        side: <><span class="muted">length</span> {show(lengths[i])}<span class="gauge"><span style={{ width: `${(100 * lengths[i]) / longest}%` }} /></span></>,
      }))} />
      <p>
        The addition is <b>{share(length(f), length(x))}</b> as long as what was there; the sum still points where x pointed with a
        cosine of <b>{show(cosine(x, sum))}</b> <span class="muted">(1: same direction, 0: at right angles)</span>.
      </p>
    </section>
  );
}

/** An addition may well be longer than what it is added to. */
function share(part: number, whole: number): string {
  if (whole === 0) return "?";
  return part > whole ? `${((100 * part) / whole).toFixed(0)} %` : percent(part / whole);
}

/** The same token through all sublayers of its stack: how much each one adds. */
function Shares({ graph, all, one, row }: { graph: Graph; all: readonly Sublayer[]; one: Sublayer; row: number }) {
  const lengthIn = (name: string) => length(rowOf(graph.values(name)!, last(graph.tensor(name).shape), row));
  const pairs = all.map(({ x, f }) => [lengthIn(f), lengthIn(x)] as const);
  const most = Math.max(...pairs.map(([f, x]) => (x === 0 ? 0 : f / x))) || 1;
  return (
    <section class="card">
      <h3>This token on its way up</h3>
      <p class="muted">How long each addition is, beside what was there: ‖f‖ / ‖x‖.</p>
      <ul class="bar-list">
        {all.map(({ name, title }, i) => (
          <li key={name}>
            <button aria-current={name === one.name ? "true" : undefined} onClick={() => go({ block: name, cell: null })}>
              <span>{title}</span>
              <span class="gauge"><span style={{ width: `${pairs[i][1] === 0 ? 0 : (100 * pairs[i][0]) / pairs[i][1] / most}%` }} /></span>
              <span class="share">{share(...pairs[i])}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
