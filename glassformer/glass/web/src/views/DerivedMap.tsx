// A heat map of numbers that are no tensor of the record but follow from some: means, sums, dot products.
// A cell that is pointed at is reported; what it is made of, the view says.

import { useId } from "preact/hooks";
import type { Table } from "../export/table";
import { tables } from "../export/tablesOf";
import { fill, type Scale } from "../palette";
import { show } from "../numbers";
import { isDark } from "../store";
import { Legend } from "../components/Legend";
import "./DerivedMap.css";

interface Props {
  matrix: readonly (readonly number[])[];
  rows: readonly string[];
  columns: readonly string[];
  rowTitle: string;
  columnTitle: string;
  scale: Scale;
  label: string;
  hidden?(row: number, column: number): string | null; // why a mask hides the cell: then it is hatched
  selected?: readonly [row: number | null, column: number | null];
  onPick?(row: number, column: number): void;
}

const TOP = 96;
const MOST = 640; // pixels that the cells may take

export function DerivedMap({ matrix, rows, columns, rowTitle, columnTitle, scale, label, hidden, selected, onPick }: Props) {
  const hatch = useId();
  const dark = isDark.value;
  const cell = Math.min(30, Math.max(14, Math.floor(MOST / columns.length)));
  const left = 24 + Math.min(150, Math.max(...rows.map((text) => Array.from(text).length)) * 9);
  const words = columns.some((text) => Array.from(text).length > 2);
  const top = words ? TOP : 42;
  const titleLength = rowTitle.length * 7 + 24; // about: it is drawn upwards, and beside few rows reaches above them
  const [width, height] = [left + columns.length * cell + (words ? 60 : 8), Math.max(top + rows.length * cell + 4, titleLength)];
  const reasons = [...new Set(matrix.flatMap((row, r) => row.map((_, c) => hidden?.(r, c) ?? null)))].filter((why) => why !== null);
  const table = (): Table => ({
    title: label,
    head: [rowTitle, ...columns],
    rows: matrix.map((values, row) => [rows[row], ...values.map((value) => ({ value, shown: show(value) }))]),
  });
  return (
    <div class="derived-map">
      <p class="controls"><Legend scale={scale} reasons={reasons} /></p>
      <div class="derived-window" tabIndex={0} role="group" aria-label={label} data-table ref={(window) => { if (window) tables.set(window, table); }}>
        <svg width={width} height={height} role="img" aria-label={`${label}: ${rowTitle} by ${columnTitle}`}>
          <text class="axis" x={left} y={12}>{columnTitle} →</text>
          {reasons.length > 0 && (
            <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 6L6 0" /></pattern>
          )}
          <text class="axis" transform={`translate(12 ${Math.max(4, Math.min(top + 4, height - titleLength + 8))}) rotate(-90)`} text-anchor="end">← {rowTitle}</text>
          {columns.map((text, column) => (
            <text key={column} transform={`translate(${left + (column + 0.5) * cell} ${top - 6})${words ? " rotate(-45)" : ""}`}
              text-anchor={words ? "start" : "middle"}>{short(text)}</text>
          ))}
          {rows.map((text, row) => (
            <g key={row}>
              <text x={left - 6} y={top + (row + 0.5) * cell} text-anchor="end" dominant-baseline="central">{short(text)}</text>
              {matrix[row].map((value, column) => (
                <rect key={column} class={onPick ? "pickable" : ""} x={left + column * cell} y={top + row * cell} width={cell - 1} height={cell - 1}
                  fill={hidden?.(row, column) ? `url(#${hatch})` : fill(scale, value, dark)} onClick={onPick && (() => onPick(row, column))}>
                  <title>{`${text} · ${columns[column]}: ${show(value)}${hidden?.(row, column) ? `, masked: ${hidden(row, column)}` : ""}`}</title>
                </rect>
              ))}
            </g>
          ))}
          {selected?.[0] != null && <rect class="frame" x={left - 1} y={top + selected[0] * cell - 1} width={columns.length * cell + 1} height={cell + 1} />}
          {selected?.[1] != null && <rect class="frame" x={left + selected[1] * cell - 1} y={top - 1} width={cell + 1} height={rows.length * cell + 1} />}
        </svg>
      </div>
    </div>
  );
}

const LONGEST = 20; // characters of a label

const short = (text: string): string => (Array.from(text).length > LONGEST ? `${Array.from(text).slice(0, LONGEST - 1).join("")}…` : text);
