// A residual connection and its norm for one token: what was there, what the sublayer adds, the sum, the norm of it.

import { useState } from "preact/hooks";
import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Legend } from "../components/Legend";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { placeText } from "../labels";
import { show } from "../numbers";
import { scaleOf } from "../palette";
import { last } from "../shapes";
import { go, place } from "../store";
import { BatchOrLayer } from "./BatchOrLayer";
import { NormTable } from "./NormTable";
import "./Residual.css";
import { Strip } from "./Strip";
import { sublayers, type Sublayer } from "./sublayers";
import { cosine, length, rowOf } from "./vectors";

const LEAD =
  "A sublayer does not replace a token's vector: it adds to it. Look how long the addition is beside what was there, and what the norm makes of the sum.";

export function Residual({ graph }: { graph: Graph }) {
  const all = sublayers(graph).filter(({ x, f, sum }) => [x, f, sum].every((name) => graph.values(name)));
  const [row, setRow] = useState(0);
  const one = all.find(({ name }) => name === place.value.block) ?? all[0];
  return (
    <Frame title="Residual and norm" lead={LEAD}>
      {one ? <Chosen graph={graph} all={all} one={one} row={row} onRow={setRow} /> : <p class="note">This record carries the attentions only. Write it with <code>--detail full</code> to see the residuals.</p>}
      <BatchOrLayer />
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
  const tokens = Array.from({ length: tensor.shape[0] }, (_, i) => [i, placeText(graph.trace, tensor, 0, i)] as const);
  return (
    <>
      <div class="controls">
        <Choice label="Sublayer" value={one.name} options={all.map(({ name, title }) => [name, title] as const)} onChange={(name) => go({ block: name, cell: null })} />
        <Choice label="Token" value={row} options={tokens} onChange={onRow} />
      </div>
      <Strips graph={graph} one={one} row={row} />
      {one.norm && <NormTable graph={graph} norm={one.norm} row={row} />}
      <Shares graph={graph} all={all.filter(({ sum }) => graph.tensor(sum).axes[0] === tensor.axes[0])} one={one} row={row} />
    </>
  );
}

/** The rows of the picture, in the order in which they are computed. */
function steps({ x, f, sum, norm, pre }: Sublayer): (readonly [symbol: string, words: string, tensor: string])[] {
  const addition = [[pre && norm ? "f(norm(x))" : "f(x)", "what the sublayer adds", f], [pre && norm ? "x + f(norm(x))" : "x + f(x)", "the sum", sum]] as const;
  if (!norm) return [["x", "what comes in", x], ...addition];
  if (pre) return [["x", "what comes in", x], ["norm(x)", "what the sublayer reads", norm], ...addition];
  return [["x", "what comes in", x], ...addition, ["norm(x + f(x))", "what goes on", norm]];
}

function Strips({ graph, one, row }: { graph: Graph; one: Sublayer; row: number }) {
  const [column, setColumn] = useState(0);
  const width = last(graph.tensor(one.sum).shape);
  const rowIn = (name: string) => rowOf(graph.values(name)!, width, row);
  const shown = steps(one);
  const scale = scaleOf(shown.flatMap(([, , name]) => [...rowIn(name)]));
  const longest = Math.max(...shown.map(([, , name]) => length(rowIn(name))));
  const [x, f, sum] = [one.x, one.f, one.sum].map(rowIn);
  return (
    <section class="card residual" aria-label="The token's vector, step by step">
      <p class="residual-order">{one.norm ? (one.pre ? "pre-norm: the sublayer reads the norm of x; x itself goes past it" : "post-norm: the sum is normalised (the paper's order)") : "no norm here"}</p>
      <div class="residual-strips">
        {shown.map(([symbol, words, name]) => (
          <div class="residual-row" key={name}>
            <p><b>{symbol}</b> <span class="muted">{words}</span></p>
            <Strip graph={graph} tensor={name} row={row} scale={scale} label={`${symbol}, ${words}`} column={Math.min(column, width - 1)} onColumn={setColumn} />
            <p class="residual-length">
              <span class="muted">length</span> {show(length(rowIn(name)))}
              <span class="bar" style={{ width: `${(100 * length(rowIn(name))) / longest}%` }} />
            </p>
          </div>
        ))}
      </div>
      <p class="residual-point">
        <Legend scale={scale} />
        <span>column {Math.min(column, width - 1)}:</span>
        {shown.map(([symbol, , name]) => <span key={name}>{symbol} = <Num graph={graph} tensor={name} index={[row, Math.min(column, width - 1)]} /></span>)}
      </p>
      <p>
        The addition is <b>{percent(length(f) / length(x))}</b> as long as what was there; the sum still points where x pointed with a
        cosine of <b>{show(cosine(x, sum))}</b> <span class="muted">(1: same direction, 0: at right angles)</span>.
      </p>
    </section>
  );
}

const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %` : "?");

/** The same token through all sublayers of its stack: how much each one adds. */
function Shares({ graph, all, one, row }: { graph: Graph; all: readonly Sublayer[]; one: Sublayer; row: number }) {
  const shares = all.map(({ x, f, sum }) => {
    const width = last(graph.tensor(sum).shape);
    return length(rowOf(graph.values(f)!, width, row)) / length(rowOf(graph.values(x)!, width, row));
  });
  const most = Math.max(...shares.filter(Number.isFinite), 1e-9);
  return (
    <section class="card">
      <h3>This token on its way up</h3>
      <p class="muted">How long each addition is, beside what was there: ‖f‖ / ‖x‖.</p>
      <ul class="shares">
        {all.map(({ name, title }, i) => (
          <li key={name}>
            <button aria-current={name === one.name ? "true" : undefined} onClick={() => go({ block: name, cell: null })}>
              <span>{title}</span>
              <span class="track"><span class="bar" style={{ width: `${(100 * Math.min(shares[i], most)) / most}%` }} /></span>
              <span class="share">{percent(shares[i])}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
