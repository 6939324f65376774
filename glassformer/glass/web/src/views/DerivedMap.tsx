// A heat map of numbers that are no tensor of the record but follow from some: means, sums, dot products.
// A cell that is pointed at is reported; what it is made of, the view says.

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
  selected?: readonly [row: number | null, column: number | null];
  onPick?(row: number, column: number): void;
}

const TOP = 96;
const MOST = 640; // pixels that the cells may take

export function DerivedMap({ matrix, rows, columns, rowTitle, columnTitle, scale, label, selected, onPick }: Props) {
  const dark = isDark.value;
  const cell = Math.min(30, Math.max(14, Math.floor(MOST / columns.length)));
  const left = 24 + Math.min(110, Math.max(...rows.map((text) => Array.from(text).length)) * 9);
  const words = columns.some((text) => Array.from(text).length > 2);
  const top = words ? TOP : 42;
  const [width, height] = [left + columns.length * cell + (words ? 60 : 8), top + rows.length * cell + 4];
  return (
    <div class="derived-map">
      <p class="controls"><Legend scale={scale} /></p>
      <div class="derived-window" tabIndex={0} role="group" aria-label={label}>
        <svg width={width} height={height} role="img" aria-label={`${label}: ${rowTitle} by ${columnTitle}`}>
          <text class="axis" x={left} y={12}>{columnTitle} →</text>
          <text class="axis" transform={`translate(12 ${top + 4}) rotate(-90)`} text-anchor="end">← {rowTitle}</text>
          {columns.map((text, column) => (
            <text key={column} transform={`translate(${left + (column + 0.5) * cell} ${top - 6})${words ? " rotate(-45)" : ""}`}
              text-anchor={words ? "start" : "middle"}>{short(text)}</text>
          ))}
          {rows.map((text, row) => (
            <g key={row}>
              <text x={left - 6} y={top + (row + 0.5) * cell} text-anchor="end" dominant-baseline="central">{short(text)}</text>
              {matrix[row].map((value, column) => (
                <rect key={column} class={onPick ? "pickable" : ""} x={left + column * cell} y={top + row * cell} width={cell - 1} height={cell - 1}
                  fill={fill(scale, value, dark)} onClick={onPick && (() => onPick(row, column))}>
                  <title>{`${text} · ${columns[column]}: ${show(value)}`}</title>
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

const short = (text: string): string => (Array.from(text).length > 12 ? `${Array.from(text).slice(0, 11).join("")}…` : text);
