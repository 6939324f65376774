// The feed-forward network for one token: its wide inner layer before and after the activation, and which units are on.

import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { placeText } from "../labels";
import { below, useLinked } from "../linked";
import { percent } from "../numbers";
import { activationOf } from "../ops/elementwise";
import { last } from "../shapes";
import { chosenBlock, go } from "../store";
import "./Layered.css";
import { Strips, type Line } from "./Strips";
import { titleOf } from "./sublayers";
import { onCounts, strongest } from "./units";
import { rowOf } from "../vectors";
import { Widths } from "./Widths";

const LEAD =
  "Each token by itself goes through a wider layer and back. Look which of the many units answer to a token: the activation switches the others off, or nearly so.";
const ENDING = ".activation";

export function FeedForward({ graph }: { graph: Graph }) {
  const blocks = graph.trace.tensors.filter(({ name }) => name.endsWith(`feed_forward${ENDING}`)).map(({ name }) => name.slice(0, -ENDING.length));
  const block = blocks.find((name) => name === chosenBlock.value) ?? blocks[0];
  const tensor = graph.tensor(block + ENDING);
  const tokens = Array.from({ length: tensor.shape[0] }, (_, i) => [i, placeText(graph, tensor, 0, i)] as const);
  const [at, setRow] = useLinked("row", below(tokens.length), 0);
  return (
    <Frame title="Feed-forward" lead={LEAD}>
      <div class="layered">
        <div class="controls">
          {blocks.length > 1 && <Choice label="Layer" value={block} options={blocks.map((name) => [name, titleOf(name)] as const)} onChange={(name) => go({ block: name, cell: null })} />}
          <Choice label="Token" value={at} options={tokens} onChange={setRow} />
        </div>
        {graph.values(tensor.name) ? (
          <>
            <Inner graph={graph} block={block} row={at} />
            <Strongest graph={graph} block={block} row={at} />
            <Tokens graph={graph} block={block} row={at} onRow={setRow} names={tokens.map(([, text]) => text)} />
          </>
        ) : <p class="note">The record does not carry these numbers.</p>}
        <Widths graph={graph} block={block} />
      </div>
    </Frame>
  );
}

interface Props {
  graph: Graph;
  block: string;
  row: number;
}

/** What goes into the activation, and what comes out of the layer: with a gate, the activation times the inner layer. */
function parts(graph: Graph, block: string): { entering: string; activation: string; result: string } {
  const activation = `${block}${ENDING}`;
  const product = `${block}.product`;
  return { entering: graph.tensor(activation).operands.x, activation, result: graph.has(product) ? product : activation };
}

function Inner({ graph, block, row }: Props) {
  const { entering, activation, result } = parts(graph, block);
  const tensor = graph.tensor(activation);
  const width = last(tensor.shape);
  const on = onCounts(graph.values(activation)!, width)[row];
  const name = activationOf(tensor.op)?.title ?? tensor.op;
  const gated = result !== activation;
  const lines: Line[] = [
    { tensor: entering, symbol: gated ? "x W_G" : "x W₁", words: "before the activation" },
    { tensor: activation, symbol: `${name}(${gated ? "x W_G" : "x W₁"})`, words: "after it" },
    ...(gated ? [{ tensor: `${block}.inner`, symbol: "x W₁", words: "what the gate lets through" }, { tensor: result, symbol: "their product", words: "what W₂ reads" }] : []),
  ];
  return (
    <section class="card">
      <h3>{on} of {width} units are on ({percent(on / width)})</h3>
      <p class="muted">
        A unit is on where the activation is above 0. {tensor.op === "relu" ? "ReLU sets all others to exactly 0." : `${name} leaves the others a little below 0, never quite off.`}
      </p>
      <Strips graph={graph} lines={lines.filter((line) => graph.values(line.tensor))} row={row} unit="unit" />
    </section>
  );
}

const SHOWN = 10;

function Strongest({ graph, block, row }: Props) {
  const { entering, activation, result } = parts(graph, block);
  const width = last(graph.tensor(result).shape);
  const values = rowOf(graph.values(result)!, width, row);
  const units = strongest(values, SHOWN);
  const most = Math.abs(values[units[0]]) || 1;
  const carried = [entering, ...(result === activation ? [] : [activation])].filter((name) => graph.values(name));
  return (
    <section class="card">
      <h3>The strongest units</h3>
      <p class="muted">The largest numbers that W₂ reads from this token. Choose one to see the dot product that made it.</p>
      <div class="scroll">
        <table class="figures full">
          <thead>
            <tr><th scope="col">unit</th>{carried.map((name) => <th scope="col" key={name}>{name === entering ? "before" : "activation"}</th>)}<th scope="col">after</th><td class="wide" /></tr>
          </thead>
          <tbody>
            {units.map((unit) => (
              <tr key={unit}>
                <th scope="row">{unit}</th>
                {carried.map((name) => <td key={name}><Num graph={graph} tensor={name} index={[row, unit]} /></td>)}
                <td><Num graph={graph} tensor={result} index={[row, unit]} /></td>
                <td class="wide"><span class={`gauge ${values[unit] < 0 ? "warm" : ""}`}><span style={{ width: `${(100 * Math.abs(values[unit])) / most}%` }} /></span></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Tokens({ graph, block, row, onRow, names }: Props & { onRow(row: number): void; names: readonly string[] }) {
  const { activation } = parts(graph, block);
  const width = last(graph.tensor(activation).shape);
  const counts = onCounts(graph.values(activation)!, width);
  return (
    <section class="card">
      <h3>Token by token</h3>
      <p class="muted">How many of the {width} units are on for each token of this layer.</p>
      <ul class="bar-list">
        {counts.map((count, i) => (
          <li key={i}>
            <button aria-current={i === row ? "true" : undefined} onClick={() => onRow(i)}>
              <bdi>{names[i]}</bdi>
              <span class="gauge"><span style={{ width: `${(100 * count) / width}%` }} /></span>
              <span class="share">{count}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
