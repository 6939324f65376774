// Where a matrix's cells stand, in CSS pixels.

import type { Slice } from "./slice";

export interface Layout {
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly left: number; // the gutter of row labels
  readonly top: number; // the strip of column labels
  readonly width: number;
  readonly height: number;
  readonly slanted: boolean; // column labels are too long to stand level
}

const NUMBER_WIDTH = 76;
const LONGEST_LABEL = 150;
const LONGEST_ROW = 230; // a step and what its word means, where there is room
const FEW = 200; // cells whose numbers are shown unasked
const FEW_COLUMNS = 8;

export const LABEL_FONT = 13;
export const TITLE_HEIGHT = 20;

export const isSmall = ({ rows, columns }: Slice): boolean => rows * columns <= FEW && columns <= FEW_COLUMNS;

export function layoutOf(slice: Slice, numbers: boolean, available: number, measure: (text: string) => number): Layout {
  const longest = (labels: readonly string[], most: number) => Math.min(Math.max(0, ...labels.map(measure)), most);
  const left = Math.max(longest(slice.rowLabels, Math.max(LONGEST_LABEL, Math.min(LONGEST_ROW, available / 3))), 12) + 30;
  const widest = slice.wordColumns ? longest(slice.columnLabels, LONGEST_LABEL) : 0;
  const widthFor = (overhang: number) => {
    const fit = (available - left - overhang) / slice.columns;
    return numbers ? Math.max(NUMBER_WIDTH, Math.min(fit, 92)) : Math.min(Math.max(fit, 5), 34);
  };
  const slanted = slice.wordColumns && widest > widthFor(8) - 6;
  const overhang = slanted ? widest * 0.6 : 8; // the last slanted label reaches beyond its column
  const cellWidth = widthFor(overhang);
  const cellHeight = numbers ? 30 : slice.rows > 64 ? 10 : Math.min(Math.max(cellWidth, 16), 30);
  const top = TITLE_HEIGHT + (slanted ? widest * 0.72 + 16 : 22);
  const width = left + slice.columns * cellWidth + overhang;
  const height = Math.max(top + slice.rows * cellHeight, TITLE_HEIGHT + measure(`← ${slice.rowTitle}`)) + 2;
  return { cellWidth, cellHeight, left, top, width, height, slanted };
}
