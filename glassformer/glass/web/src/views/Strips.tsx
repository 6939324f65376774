// Rows of several tensors under one another, on one scale: pointing at a column of one reads it in all.

import type { ComponentChildren } from "preact";
import { Legend } from "../components/Legend";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { below, useLinked } from "../linked";
import { scaleOf } from "../palette";
import { last } from "../shapes";
import { RowStrip } from "./RowStrip";
import "./Layered.css";
import { rowOf } from "../vectors";

export interface Line {
  readonly tensor: string;
  readonly symbol: string;
  readonly words: string;
  readonly side?: ComponentChildren; // what stands at its right end
}

interface Props {
  graph: Graph;
  lines: readonly Line[];
  row: number;
  unit: string; // what a column is called
}

export function Strips({ graph, lines, row, unit }: Props) {
  const width = last(graph.tensor(lines[0].tensor).shape);
  const [column, setColumn] = useLinked("column", below(width), 0);
  const scale = scaleOf(lines.flatMap(({ tensor }) => [...rowOf(graph.values(tensor)!, width, row)]));
  return (
    <>
      <div class="strips">
        {lines.map(({ tensor, symbol, words, side }) => (
          <div class="strips-row" key={tensor}>
            <p><b>{symbol}</b> <span class="muted">{words}</span></p>
            <RowStrip graph={graph} tensor={tensor} row={row} scale={scale} label={`${symbol}, ${words}`} column={column} onColumn={setColumn} />
            <div class="strips-side">{side}</div>
          </div>
        ))}
      </div>
      <p class="strips-point">
        <Legend scale={scale} />
        <span>{unit} {column}:</span>
        {lines.map(({ tensor, symbol }) => <span key={tensor}>{symbol} = <Num graph={graph} tensor={tensor} index={[row, column]} /></span>)}
      </p>
    </>
  );
}
