// What the page is looking at. All views read and write these signals; the address bar mirrors them (`url.ts`),
// so that every number, and all that a reader has chosen or changed, has a link.

import { batch, computed, effect, signal } from "@preact/signals";
import { answered, findAnswer, stopAsking } from "./asking";
import { readEdits, writeEdits } from "./edits";
import { takesSentences } from "./engine/sentence";
import { Graph } from "./graph";
import { sublayerOf } from "./labels";
import type { PageDocument } from "./record";
import { problem, recall, stopTyping, typedGraph, typeSentence } from "./typing";
import { hash, read, type Choices, type Place, type Question } from "./url";

const START: Place = { view: "map", trace: 0, block: null, tensor: null, cell: null, sentence: null, question: null, edits: [], choices: {} };

export const page = signal<PageDocument | null>(null);
export const graphs = signal<readonly Graph[]>([]);
export const place = signal<Place>(START);
/** What all views show: the trace of the page, or of the sentence that the reader typed into it. */
export const graph = computed(() => graphOf(place.value));

const graphOf = (at: Place): Graph => (at.question && answered(at.trace, at.sentence, at.question)) ?? plainGraph(at);

/** Without the question that the reader asked. */
const plainGraph = ({ trace, sentence }: Place): Graph =>
  (sentence === null ? undefined : typedGraph(trace, sentence)) ?? graphs.value[trace] ?? graphs.value[0];

const expecting = signal<Place | null>(null); // the place in which a link's sentence is awaited

/** Whether a link's sentence is still being translated, so that there is nothing to show yet. */
export const arriving = computed(() => place.value === expecting.value);

// Parts of the place: who reads one of these is drawn again only when that part changes.
export const chosenView = computed(() => place.value.view);
export const chosenBlock = computed(() => place.value.block);
export const chosenTensor = computed(() => place.value.tensor);
export const explaining = computed(() => place.value.tensor !== null && place.value.cell !== null);

/** Whether a link can hold what the reader has changed. */
export const editsFitALink = computed(() => writeEdits(graph.value) !== null);

/**
 * Show a document; called once, when the page opens. `view` is where it opens unless the address says more;
 * of a training it shows what it came to, the last trace.
 */
export function open(document: PageDocument, view: string): void {
  page.value = document;
  graphs.value = document.traces.map(({ record, label }) => new Graph(record, label));
  const first = { ...START, view, trace: document.kind === "training" ? document.traces.length - 1 : 0 };
  const arrive = () => show(read(location.hash, first), first);
  arrive();
  addEventListener("popstate", () => {
    forget();
    stopTyping();
    stopAsking();
    arrive();
  });
  addEventListener("pagehide", settleAddress);
  effect(followEdits);
}

/** Shows the place that a link or the history asks for, as far as the record has it. */
function show(asked: Place, first: Place): void {
  const trace = graphs.value[asked.trace] ? asked.trace : first.trace;
  const { sentence } = asked;
  if (sentence !== null && !recall(trace, sentence)) {
    if (takesSentences(graphs.value[trace].trace)) void arriveWith({ ...asked, trace }, first);
    else {
      show({ ...asked, sentence: null }, first);
      problem.value = "The link has a sentence that its reader typed; this page carries no weights to translate it with.";
    }
    return;
  }
  if (asked.question !== null && !answered(trace, sentence, asked.question)) {
    if (takesSentences(graphs.value[trace].trace)) void arriveAsking({ ...asked, trace }, first);
    else show({ ...asked, question: null }, first);
    return;
  }
  const own = graphOf({ ...asked, trace });
  const known = asked.tensor !== null && own.has(asked.tensor) ? own.tensor(asked.tensor) : null;
  const inside = asked.cell && known?.shape.length === asked.cell.length && asked.cell.every((i, axis) => i < known.shape[axis]);
  batch(() => {
    if (!alike(writeEdits(own) ?? [], asked.edits)) own.edits.value = readEdits(own, asked.edits);
    place.value = { ...asked, trace, tensor: known?.name ?? null, cell: inside ? asked.cell : null, edits: writeEdits(own) ?? [] };
  });
}

/** Shows a place in a sentence that the page has still to translate; where it cannot, the same in the record's own. */
async function arriveWith(asked: Place, first: Place): Promise<void> {
  const own = graphs.peek()[asked.trace];
  const meanwhile: Place = { ...asked, sentence: null, tensor: null, cell: null, edits: writeEdits(own) ?? [] };
  batch(() => {
    place.value = meanwhile;
    expecting.value = meanwhile;
  });
  const found = await typeSentence(own, asked.trace, asked.sentence!);
  if (place.peek() === meanwhile) show(found ? asked : { ...asked, sentence: null }, first); // else the reader has gone elsewhere
}

/** Shows a place with a question that is still to be answered; where it has no answer, the same without it. */
async function arriveAsking(asked: Place, first: Place): Promise<void> {
  const meanwhile: Place = { ...asked, question: null, tensor: null, cell: null, edits: writeEdits(plainGraph(asked)) ?? [] };
  batch(() => {
    place.value = meanwhile;
    expecting.value = meanwhile;
  });
  const found = await findAnswer(plainGraph(asked), asked.trace, asked.sentence, asked.question!);
  if (place.peek() === meanwhile) show(found ? asked : { ...asked, question: null }, first);
}

/** What a reader changes becomes part of the place, so that it has a link and Back takes it back. */
function followEdits(): void {
  const edits = writeEdits(graph.value) ?? [];
  if (!alike(edits, place.peek().edits)) leadTo({ ...place.peek(), edits }, "edits");
}

const alike = (some: readonly string[], others: readonly string[]): boolean => some.join() === others.join();

// ---- going somewhere

/** Go to another place: what `change` leaves out stays as it is. `back` returns. */
export function go(change: Partial<Place>): void {
  const here = place.peek();
  const other = change.trace !== undefined && change.trace !== here.trace;
  const next = { ...here, ...(other ? { sentence: null } : {}), ...(other || change.sentence !== undefined ? { question: null } : {}), ...change };
  stopTyping();
  stopAsking();
  leadTo(graphOf(next) === graph.peek() ? next : { ...next, edits: writeEdits(graphOf(next)) ?? [] }, null);
}

/** Choose something in a view (see `linked.ts`); null: as at the beginning. `passing`: Back does not stop here. */
export function choose(name: string, text: string | null, passing = false): void {
  if (place.peek().choices[name] === (text ?? undefined)) return;
  const next = { ...place.peek(), choices: choosing(name, text) };
  if (passing) replace(next);
  else leadTo(next, name);
}

/** The choices made so far, and this one: for `go`, where a choice is made on the way to another place. */
export function choosing(name: string, text: string | null): Choices {
  const { [name]: _, ...others } = place.peek().choices;
  return text === null ? others : { ...others, [name]: text };
}

/** Have the page translate another sentence, and show that; null: the record's own again. */
export async function showSentence(sentence: string | null): Promise<void> {
  const here = place.peek();
  const own = graphs.peek()[here.trace];
  if (sentence !== null && !(await typeSentence(own, here.trace, sentence))) return;
  if (place.peek() === here) go({ sentence, tensor: null, cell: null });
}

/** Have the page find out what the reader asks, and show that; null: the record's own question again. */
export async function showQuestion(question: Question | null): Promise<void> {
  const here = place.peek();
  if (question !== null && !(await findAnswer(plainGraph(here), here.trace, here.sentence, question))) return;
  if (place.peek() === here) go({ question, choices: choosing("intervention", null), tensor: null, cell: null });
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
  if (trail.length) show(trail.pop()!, START);
  else if (depth() > 0) {
    settleAddress();
    history.back();
  }
  else place.value = { ...place.peek(), cell: null, ...(cell ? {} : tensor ? { tensor: null } : { block: null }) };
}

/** Close the explanation, staying where one is. */
export const closeCell = (): void => go({ cell: null });

// ---- the history

const AT_ONCE = 500; // milliseconds in which changes of one and the same thing are one step of the history
const SETTLED = 150; // milliseconds until the address follows a slider; browsers refuse to write it at every move

const trail: Place[] = []; // only where the browser refuses to keep the history, as in a sandboxed frame
const depth = (): number => history.state?.depth ?? 0;
const address = (to: Place): string => hash(to, graphs.peek().length);

let latest: { thing: string | null; time: number } = { thing: null, time: 0 };
let owed: ReturnType<typeof setTimeout> | undefined;

/** A step of the history. `thing`: what of the place it changes, where it may be changed again at once. */
function leadTo(next: Place, thing: string | null): void {
  if (address(next) === address(place.peek())) return;
  const time = Date.now();
  const again = thing !== null && latest.thing === thing && time - latest.time < AT_ONCE;
  latest = { thing, time };
  if (again) return replace(next);
  settleAddress();
  try {
    history.pushState({ depth: depth() + 1 }, "", address(next));
  } catch {
    trail.push(place.peek());
  }
  place.value = next;
}

/** The place in the place of another; the address follows when it has settled. */
function replace(next: Place): void {
  place.value = next;
  owed ??= setTimeout(settleAddress, SETTLED);
}

function settleAddress(): void {
  if (owed === undefined) return;
  forget();
  try {
    history.replaceState(history.state, "", address(place.peek()));
  } catch {
    // a sandboxed frame has no address to write
  }
}

function forget(): void {
  clearTimeout(owed);
  owed = undefined;
}

// ---- theme

export type Theme = "system" | "light" | "dark";
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);
darkSystem.addEventListener?.("change", (event) => (systemIsDark.value = event.matches));

export const theme = signal<Theme>(remembered("theme", "system"));
/** While the page is printed, matrices are drawn whole, and on paper, which is light. */
export const printing = signal(false);
addEventListener("beforeprint", () => (printing.value = true));
addEventListener("afterprint", () => (printing.value = false));

export const isDark = computed(() => (printing.value ? false : theme.value === "system" ? systemIsDark.value : theme.value === "dark"));
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
