// The chosen word's weights in numbers: what it looks at, or who looks at it. Each number opens its own explanation,
// or, where it is a mean or a sum, the numbers that it was made of.

import { useState } from "preact/hooks";
import { shortMeaning } from "../meaning";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { show } from "../numbers";
import { cellsOf, entropy, type Sheet } from "./attentionWeights";
import type { Chosen } from "./AttentionArcs";
import type { Line } from "./sentenceLine";

interface Props {
  graph: Graph;
  sheets: readonly Sheet[];
  queries: Line;
  keys: Line;
  weights: readonly (readonly number[])[];
  chosen: Chosen;
  read: (mark: number) => string | null; // what a query's row has just read, if that is not the word itself
}

const FIRST = 8;

export function AttentionReading({ graph, sheets, queries, keys, weights, chosen, read }: Props) {
  const [all, setAll] = useState(false);
  const looks = chosen.side === "query";
  const word = (looks ? queries : keys).marks[chosen.mark];
  const others = (looks ? keys : queries).marks;
  const value = (other: number) => (looks ? weights[chosen.mark][other] : weights[other][chosen.mark]);
  const order = others.map((_, i) => i).sort((a, b) => value(b) - value(a));
  const shown = all ? order : order.slice(0, FIRST);
  const before = looks ? read(chosen.mark) : null;
  return (
    <div class="attention-reading" aria-live="polite">
      <h3>{looks ? <>What <Word line={queries} mark={chosen.mark} /> looks at</> : <>Who looks at <Word line={keys} mark={chosen.mark} /></>}</h3>
      {before !== null && <p class="muted">Having read <bdi>{before}</bdi>, the decoder is about to write <bdi>{word.text}</bdi>.</p>}
      {looks && <Entropy row={weights[chosen.mark]} />}
      <ol class="attention-bars">
        {shown.map((other) => (
          <li key={other}>
            <span class="attention-word"><Word line={looks ? keys : queries} mark={other} /> <small class="gloss">{shortMeaning(graph.recorded, others[other].text)}</small></span>
            <span class="attention-bar"><span style={{ width: `${Math.min(value(other), 1) * 100}%` }} /></span>
            <Weight graph={graph} value={value(other)} sheets={sheets}
              rows={looks ? word.cells : others[other].cells} columns={looks ? others[other].cells : word.cells} />
          </li>
        ))}
      </ol>
      {shown.length < order.length && <button onClick={() => setAll(true)}>all {order.length}</button>}
    </div>
  );
}

/** A word of a line; with its place where the line has it more than once. */
function Word({ line: { marks }, mark }: { line: Line; mark: number }) {
  const { text, cells } = marks[mark];
  const repeated = marks.some((other, i) => i !== mark && other.text === text);
  return <><bdi>{text}</bdi>{repeated && <small class="muted"> at place {cells[0]}</small>}</>;
}

/** How spread a row is: its entropy, and as how many places that is. */
export function Entropy({ row }: { row: readonly number[] }) {
  const nats = entropy(row);
  return (
    <p class="muted" title="−Σ w ln w over the row; e to that power is the number of places an even spread would need">
      Entropy {show(nats)} of at most {show(Math.log(row.length))} nats: as if it looked at {Math.exp(nats).toFixed(1)} of {row.length} places evenly.
    </p>
  );
}

interface WeightProps {
  graph: Graph;
  value: number;
  sheets: readonly Sheet[];
  rows: readonly number[];
  columns: readonly number[];
}

/** One weight as a number that explains itself; a mean or a sum shows its parts instead. */
function Weight({ graph, value, sheets, rows, columns }: WeightProps) {
  const [open, setOpen] = useState(false);
  const cells = cellsOf(sheets, rows, columns);
  if (cells.length === 1) return <Num graph={graph} tensor={cells[0].tensor} index={cells[0].index} />;
  return (
    <details class="attention-parts" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="num">{show(value)}</summary>
      {open && (
        <>
          <p class="muted">{madeOf(sheets.length, rows.length, columns.length)}</p>
          <ul>
            {cells.map(({ tensor, layer, head, index }) => (
              <li key={`${tensor} ${index}`}><span class="muted">layer {layer}{head === null ? "" : `, head ${head}`}</span> <Num graph={graph} tensor={tensor} index={index} /></li>
            ))}
          </ul>
        </>
      )}
    </details>
  );
}

/** "The mean over 4 heads, of the sum over the word's 3 tokens." */
function madeOf(sheets: number, rows: number, columns: number): string {
  const parts = [
    sheets > 1 && `the mean over ${sheets} heads`,
    rows > 1 && `the mean over ${rows} tokens that look`,
    columns > 1 && `the sum over ${columns} tokens looked at`,
  ];
  return `${parts.filter(Boolean).join(", ")}:`;
}
