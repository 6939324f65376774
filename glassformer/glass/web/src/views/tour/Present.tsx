// The tour for a lecture hall: one stop in large letters, part by part, with notes for whoever speaks.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Graph } from "../../graph";
import { below, setLinked, useLinked, YES_OR_NO } from "../../linked";
import type { Stop } from "../../record";
import { choosing, go, page } from "../../store";
import { Ask } from "./Ask";
import { Formula } from "./Formula";
import { Live } from "./Live";
import "./Present.css";
import { questionOf } from "./questions";

/** Whether the tour is presented: a part of the address, so that a link opens it so. */
export const usePresenting = () => useLinked("present", YES_OR_NO, false);

type Kind = "why" | "idea" | "question" | "numbers" | "takeaway";

interface Part {
  readonly kind: Kind;
  readonly title: string;
  readonly shown: Stop; // of the numbers: the stop with the tensors of this part
}

/** What is shown one after the other; the numbers matrix by matrix. */
function partsOf(graph: Graph, stop: Stop): Part[] {
  const part = (kind: Kind, title: string, shown = stop): Part => ({ kind, title, shown });
  const tensors = stop.tensors.filter((name) => graph.has(name));
  const single = stop.view === "tokens" || stop.view === "timeline" || tensors.length < 2;
  return [
    part("why", "why"),
    part("idea", "the idea"),
    ...(questionOf(graph, stop) ? [part("question", "predict")] : []),
    ...(single ? [part("numbers", "the numbers")] : tensors.map((name) => part("numbers", `${graph.tensor(name).label}, ${name}`, { ...stop, tensors: [name] }))),
    part("takeaway", "takeaway"),
  ];
}

interface Props {
  graph: Graph;
  stops: readonly Stop[];
  at: number;
}

const MOST_PARTS = 40;

export function Present({ graph, stops, at }: Props) {
  const stop = stops[at];
  const parts = partsOf(graph, stop);
  const [wanted, setPart] = useLinked("part", below(MOST_PARTS), 0);
  const part = Math.min(wanted, parts.length - 1);
  const [notes, setNotes] = useLinked("notes", YES_OR_NO, false);
  const [, setPresenting] = usePresenting();
  const visit = (to: number, which: number) => {
    const stopped = choosing("stop", to ? stops[to].id : null);
    const { part: _, ...others } = stopped;
    go({ tensor: null, cell: null, choices: which ? { ...others, part: String(which) } : others });
  };
  const forward = () => (part < parts.length - 1 ? setPart(part + 1) : at < stops.length - 1 && visit(at + 1, 0));
  const backward = () => (part > 0 ? setPart(part - 1) : at > 0 && visit(at - 1, partsOf(graph, stops[at - 1]).length - 1));
  const leave = () => {
    setLinked("part", below(MOST_PARTS), 0, 0, true);
    setPresenting(false);
  };
  useWholePage();
  useKeys({ forward, backward, leave, notes: () => setNotes(!notes) });
  const slide = useRef<HTMLElement>(null);
  useEffect(() => slide.current?.focus({ preventScroll: true }), [at, part]);
  return (
    <section class="present" aria-label="Presentation">
      <p class="present-bar">
        <h1 class="muted">{page.value!.title}</h1>
        <button aria-pressed={notes} onClick={() => setNotes(!notes)}>Notes (N)</button>
        <button onClick={leave}>Leave (Esc)</button>
      </p>
      <h2 class="sr">Presentation</h2>
      <article class="present-slide" ref={slide} tabIndex={-1} aria-live="polite" aria-label={`${stop.title}: ${parts[part].title}`}>
        <h3><span class="stop-number">{at + 1}</span> {stop.title}</h3>
        <Slide key={part} graph={graph} part={parts[part]} />
      </article>
      {notes && <Notes part={parts[part]} next={parts[part + 1]?.title ?? stops[at + 1]?.title} />}
      <p class="present-bar">
        <button disabled={at === 0 && part === 0} onClick={backward}>← Back</button>
        <span class="muted">stop {at + 1} of {stops.length}, <bdi>{parts[part].title}</bdi> ({part + 1} of {parts.length})</span>
        <button class="next" disabled={at === stops.length - 1 && part === parts.length - 1} onClick={forward}>Next →</button>
      </p>
    </section>
  );
}

function Slide({ graph, part: { kind, shown: stop } }: { graph: Graph; part: Part }) {
  switch (kind) {
    case "why": return <p class="present-text">{stop.motivation}</p>;
    case "idea": return <><p class="present-text">{stop.concept}</p><div class="stop-formula card"><Formula text={stop.formula} /></div></>;
    case "question": return <Ask graph={graph} stop={stop} />;
    case "numbers": return <Live graph={graph} stop={stop} />;
    case "takeaway": return <><p class="present-text">{stop.helps}</p><p class="present-text takeaway">{stop.takeaway}</p></>;
  }
}

// ---- notes

/** What to say, what comes next, how long one has spoken, and notes of one's own, kept in this browser. */
function Notes({ part: { kind, shown: stop }, next }: { part: Part; next: string | undefined }) {
  const [own, setOwn] = useState(() => kept(stop.id));
  useEffect(() => setOwn(kept(stop.id)), [stop.id]);
  return (
    <aside class="present-notes card" aria-label="Notes">
      <p><b>Say:</b> {SAY[kind](stop)}</p>
      <p class="muted">Next: {next ?? "the end"}. Speaking for <Clock />.</p>
      <label>
        Your notes on this stop
        <textarea value={own} onInput={(event) => { setOwn(event.currentTarget.value); keep(stop.id, event.currentTarget.value); }} />
      </label>
    </aside>
  );
}

const SAY: { readonly [kind in Kind]: (stop: Stop) => string } = {
  why: ({ motivation }) => motivation,
  idea: ({ concept, formula }) => `${concept} Read the formula aloud: ${formula}`,
  question: () => "Let them answer before you click. Ask who would have said otherwise, and why.",
  numbers: ({ helps }) => `Click a number: it opens into what it was made of. ${helps}`,
  takeaway: ({ takeaway }) => `If they keep one sentence: ${takeaway}`,
};

const began = Date.now();

function Clock() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now - began) / 1000);
  return <>{Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}</>;
}

const keyOf = (stop: string): string => `glassformer.notes.${stop}`;

function kept(stop: string): string {
  try {
    return localStorage.getItem(keyOf(stop)) ?? "";
  } catch {
    return ""; // a sandboxed frame has no storage
  }
}

function keep(stop: string, text: string): void {
  try {
    localStorage.setItem(keyOf(stop), text);
  } catch {
    // see above
  }
}

// ---- the page around it

/** The presentation has the page for itself: header and list of views step aside. */
function useWholePage(): void {
  useEffect(() => {
    document.documentElement.dataset.presenting = "";
    return () => void delete document.documentElement.dataset.presenting;
  }, []);
}

interface Keys {
  forward(): void;
  backward(): void;
  leave(): void;
  notes(): void;
}

/** Arrows, Page Up and Down (as clickers send them), N and Escape; not where a key has another use. */
function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const inUse = event.target instanceof Element && event.target.closest("input, textarea, select, [role=grid], [role=tablist], [role=listbox], [role=slider], .panel");
      if (inUse || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const does = { ArrowRight: "forward", PageDown: "forward", ArrowLeft: "backward", PageUp: "backward", Escape: "leave", n: "notes", N: "notes" }[event.key] as keyof Keys | undefined;
      if (!does || (does === "leave" && document.querySelector(".panel"))) return; // Escape closes an explanation first
      latest.current[does]();
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
