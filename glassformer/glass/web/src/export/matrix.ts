// One matrix as a drawing and as a table: all of it, whatever the screen shows.

import { layoutOf } from "../components/layout";
import { measure } from "../components/measure";
import { inkOf, paintOn } from "../components/paint";
import type { Slice } from "../components/slice";
import { show } from "../numbers";
import { drawing, HATCH, svgElement } from "./svg";
import { SvgContext } from "./svgContext";
import type { Table } from "./table";

const MOST_CELLS = 40_000; // of a drawing, as in Python (views/svg/heat.py); a table has all
const WIDTH = 1100;
const TITLE = 28;

/** "A decoder.1.cross_attention.weights, head 0". */
const titleOf = ({ tensor, index }: Slice): string =>
  `${tensor.label} ${tensor.name}${tensor.shape.length > 2 ? `, ${tensor.axes[0].replace("_", " ")} ${index(0, 0)[0]}` : ""}`;

export function matrixPicture(slice: Slice, numbers: boolean, dark: boolean): SVGElement {
  const rows = Math.min(slice.rows, Math.max(1, Math.floor(MOST_CELLS / slice.columns)));
  const shown = rows < slice.rows ? { ...slice, rows, rowLabels: slice.rowLabels.slice(0, rows) } : slice;
  const layout = layoutOf(shown, numbers, WIDTH, measure);
  const ink = inkOf(document.documentElement);
  const root = drawing(Math.max(layout.width, 420) + 16, layout.height + TITLE + 16, ink.surface, ink.line);
  const rest = rows < slice.rows ? ` (rows 0 to ${rows - 1} of ${slice.rows}; the CSV has all)` : "";
  const title = svgElement("text", { x: 8, y: 20, fill: ink.text, "font-family": ink.font.replace(/^[\d.]+px /, ""), "font-size": 14, "font-weight": 600 });
  title.textContent = titleOf(slice) + rest;
  const group = svgElement("g", { transform: `translate(8 ${TITLE})` });
  root.append(title, group);
  const context = new SvgContext(group, `url(#${HATCH})`) as unknown as CanvasRenderingContext2D;
  paintOn(context, { slice: shown, layout, numbers, dark, focus: null, chosen: null }, { x: 0, y: 0, width: layout.width, height: layout.height }, ink);
  return root;
}

export function matrixTable(slice: Slice): Table {
  const { rows, columns, rowTitle, rowLabels, columnLabels, value } = slice;
  return {
    title: titleOf(slice),
    head: [rowTitle || "row", ...columnLabels],
    rows: Array.from({ length: rows }, (_, row) => [
      rowLabels[row] || slice.tensor.label,
      ...Array.from({ length: columns }, (_, column) => ({ value: value(row, column), shown: show(value(row, column)) })),
    ]),
  };
}
