// What the page is looking at. All views read and write these signals; the address bar mirrors them,
// so that every number has a link.

import { computed, effect, signal } from "@preact/signals";
import { Graph } from "./graph";
import { sublayerOf } from "./labels";
import type { PageDocument } from "./record";

/** Where the reader is: a view, and in it perhaps a block of the model, a tensor and a cell. */
export interface Place {
  readonly view: string;
  readonly trace: number;
  readonly block: string | null; // "decoder.1.cross_attention"
  readonly tensor: string | null;
  readonly cell: readonly number[] | null; // the full index: [head, row, column]
}

const START: Place = { view: "map", trace: 0, block: null, tensor: null, cell: null };

export const page = signal<PageDocument | null>(null);
export const graphs = signal<readonly Graph[]>([]);
export const place = signal<Place>(START);
export const graph = computed(() => graphs.value[place.value.trace] ?? graphs.value[0]);

// Parts of the place: who reads one of these is drawn again only when that part changes.
export const chosenView = computed(() => place.value.view);
export const chosenBlock = computed(() => place.value.block);
export const chosenTensor = computed(() => place.value.tensor);
export const explaining = computed(() => place.value.tensor !== null && place.value.cell !== null);

/**
 * Show a document; called once, when the page opens. `view` is where it opens unless the address says more;
 * of a training it shows what it came to, the last trace.
 */
export function open(document: PageDocument, view: string): void {
  page.value = document;
  graphs.value = document.traces.map(({ record, label }) => new Graph(record, label));
  const first = { ...START, view, trace: document.kind === "training" ? document.traces.length - 1 : 0 };
  place.value = readHash(first);
  addEventListener("popstate", () => (place.value = readHash(first)));
}

const trail: Place[] = []; // only where the browser refuses to keep the history, as in a sandboxed frame

/** Go to another place: what `change` leaves out stays as it is. `back` returns. */
export function go(change: Partial<Place>): void {
  const next = { ...place.peek(), ...change };
  if (hash(next) === hash(place.peek())) return;
  try {
    history.pushState({ depth: depth() + 1 }, "", hash(next));
  } catch {
    trail.push(place.peek());
  }
  place.value = next;
}

/** Open a cell's explanation: the one thing a click on any number does. */
export const openCell = (tensor: string, cell: readonly number[]): void => go({ tensor, cell });

/** Open a view from its beginning. */
export const openView = (view: string): void => go({ view, block: null, tensor: null, cell: null });

/** Open a tensor as a matrix: in the map or the matrix browser where one is in them, else in the latter. */
export function openTensor(tensor: string): void {
  const { view } = place.peek();
  go({ view: view === "map" ? view : "matrix", block: sublayerOf(tensor), tensor, cell: null });
}

/** One step back; where a link led straight in, one step up: from the cell to its tensor, to its block. */
export function back(): void {
  const { cell, tensor } = place.peek();
  if (trail.length) place.value = trail.pop()!;
  else if (depth() > 0) history.back();
  else place.value = { ...place.peek(), cell: null, ...(cell ? {} : tensor ? { tensor: null } : { block: null }) };
}

/** Close the explanation, staying where one is. */
export const closeCell = (): void => go({ cell: null });

const depth = (): number => history.state?.depth ?? 0;

/** The link to a place, such as #view=matrix&tensor=decoder.1.cross_attention.weights&cell=0,2,3. */
export function hash({ view, trace, block, tensor, cell }: Place): string {
  const parts = new URLSearchParams({ view });
  if (graphs.peek().length > 1) parts.set("trace", String(trace));
  if (block) parts.set("block", block);
  if (tensor) parts.set("tensor", tensor);
  if (cell) parts.set("cell", cell.join(","));
  return `#${parts.toString().replaceAll("%2C", ",")}`;
}

/** The place that the address bar names; what it gets wrong is left out. */
function readHash(fallback: Place): Place {
  const parts = new URLSearchParams(location.hash.slice(1));
  const asked = Number(parts.get("trace") ?? fallback.trace);
  const trace = graphs.value[asked] ? asked : fallback.trace;
  const tensor = parts.get("tensor");
  const known = tensor !== null && graphs.value[trace].has(tensor) ? graphs.value[trace].tensor(tensor) : null;
  const cell = parts.get("cell")?.split(",").map(Number) ?? null;
  const inside = known && cell?.length === known.shape.length && cell.every((i, axis) => Number.isInteger(i) && i >= 0 && i < known.shape[axis]);
  return {
    view: parts.get("view") ?? fallback.view,
    trace,
    block: parts.get("block"),
    tensor: known?.name ?? null,
    cell: inside ? cell : null,
  };
}

// ---- theme

export type Theme = "system" | "light" | "dark";
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);
darkSystem.addEventListener?.("change", (event) => (systemIsDark.value = event.matches));

export const theme = signal<Theme>(remembered("theme", "system"));
export const isDark = computed(() => (theme.value === "system" ? systemIsDark.value : theme.value === "dark"));
effect(() => {
  document.documentElement.dataset.theme = isDark.value ? "dark" : "light";
  remember("theme", theme.value);
});

// A sandboxed frame has no storage; then nothing is remembered.
function remembered<T extends string>(key: string, fallback: T): T {
  try {
    return (localStorage.getItem(`glassformer.${key}`) as T | null) ?? fallback;
  } catch {
    return fallback;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`glassformer.${key}`, value);
  } catch {
    // see above
  }
}
