// The tables of a view as data: its matrices in full, its tables and its lists of named numbers as they are shown.

import type { Table } from "./table";

/** What stands behind an element that is no table itself, as a matrix on a canvas. */
export const tables = new WeakMap<Element, () => Table>();

const CANDIDATES = "table, dl, ol, ul, [data-table]";
const LEFT_OUT = ".export, .controls, nav, [role=tablist], details:not([open])";

export function tablesOf(view: Element): Table[] {
  const found: Table[] = [];
  const taken: Element[] = [];
  for (const element of view.querySelectorAll(CANDIDATES)) {
    if (element.closest(LEFT_OUT) || taken.some((one) => one.contains(element)) || !element.getClientRects().length) continue;
    const table = tables.get(element)?.() ?? read(element);
    if (!table) continue;
    taken.push(element);
    found.push({ ...withoutEmptyColumns(table), title: table.title || titleOf(element, view) });
  }
  return found;
}

function read(element: Element): Table | null {
  if (element instanceof HTMLTableElement) return readTable(element);
  const rows = element.matches("dl") ? pairs(element) : Array.from(element.children, (item) => cellsIn(item));
  const isTable = rows.length > 0 && rows.every(({ length }) => length > 1) && rows.some((row) => row.some((cell) => /\d/.test(cell)));
  return isTable ? { title: "", head: [], rows } : null;
}

function readTable(table: HTMLTableElement): Table {
  const rows = Array.from(table.rows, (row) => Array.from(row.cells, text));
  const head = table.tHead ? rows.slice(0, table.tHead.rows.length).flat() : [];
  return { title: table.caption ? text(table.caption) : "", head, rows: rows.slice(table.tHead?.rows.length ?? 0) };
}

/** Columns of bars, which hold no text, fall away. */
function withoutEmptyColumns(table: Table): Table {
  const isFull = (column: number) => Boolean(table.head[column]) || table.rows.some((row) => row[column] !== undefined && row[column] !== "");
  const kept = <T>(row: readonly T[]): T[] => row.filter((_, column) => isFull(column));
  return { ...table, head: kept(table.head), rows: table.rows.map(kept) };
}

const pairs = (list: Element): string[][] =>
  Array.from(list.querySelectorAll("dt"), (term) => {
    const values: string[] = [];
    for (let next = term.nextElementSibling; next?.matches("dd"); next = next.nextElementSibling) values.push(text(next));
    return [text(term), ...values];
  });

/** The texts side by side in an item of a list. */
function cellsIn(item: Element): string[] {
  const inner = item.children.length === 1 && item.firstElementChild!.children.length > 1 ? item.firstElementChild! : item;
  return Array.from(inner.children, text).filter(Boolean);
}

/** What an element says, without what only screen readers hear and without marks of state. */
function text(element: Element): string {
  const copy = element.cloneNode(true) as Element;
  for (const one of copy.querySelectorAll(".sr, .tag, .badge, [aria-hidden=true], details > :not(summary)")) one.remove();
  for (const one of copy.querySelectorAll("p, div, li, dt, dd")) one.append(" ");
  return (copy.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** The heading that stands before an element. */
function titleOf(element: Element, view: Element): string {
  let title = "";
  for (const heading of view.querySelectorAll("h2, h3, h4, h5")) {
    if (heading.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) title = text(heading);
  }
  return title;
}
