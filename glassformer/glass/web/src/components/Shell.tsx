// The frame around every view: header, navigation, the view, and the explanation of the chosen cell.

import { useEffect, useRef } from "preact/hooks";
import type { Trace } from "../record";
import { arriving, back, chosenView, closeCell, explaining, go, graph, graphs, openView, page, place, theme, type Theme } from "../store";
import { VIEWS, type View } from "../views";
import { followChoice } from "../views/causes/intervening";
import { Altered, TitleNow } from "../views/edit/Altered";
import { CellPanel } from "./CellPanel";
import { Guard } from "./Guard";
import { Missing, Translating, Typed } from "./Typed";

export function Shell() {
  useEffect(() => {
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => followChoice(graph.value), [graph.value]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skip}>Skip to the view</a>
      <Header />
      <Navigation />
      <main id="main" tabIndex={-1}>
        <Typed />
        <Altered graph={graph.value} />
        {arriving.value ? <Translating /> : <CurrentView />}
      </main>
      <Explanation />
    </div>
  );
}

function Header() {
  const { kind } = page.value!;
  const title = place.value.sentence === null ? page.value!.title : graph.value.trace.meta.title;
  return (
    <header class="header">
      <p class="brand">glassformer</p>
      <h1>{title}</h1>
      <TitleNow graph={graph.value} />
      {kind === "trace" || kind === "lecture" ? null : <TraceChoice />}
      <ThemeChoice />
    </header>
  );
}

/** Which of the page's records is shown: of the model at a step of its training, or of one of the models compared. */
function TraceChoice() {
  const training = page.value!.kind === "training";
  return (
    <label class="choice">
      {training ? "The model, in training" : "Model"}
      <select value={place.value.trace} onChange={(event) => go({ trace: Number(event.currentTarget.value) })}>
        {graphs.value.map(({ label }, i) => <option key={i} value={i}>{training ? label.replace(/^step /, "after step ") : label}</option>)}
      </select>
    </label>
  );
}

function ThemeChoice() {
  return (
    <label class="choice">
      Theme
      <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">system</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </select>
    </label>
  );
}

function Navigation() {
  const views = VIEWS.filter(isThere(recorded()));
  const strip = useRef<HTMLElement>(null);
  useEffect(() => showCurrent(strip.current!), [chosenView.value]);
  return (
    <nav class="navigation" aria-label="Views" ref={strip}>
      <ul>
        {views.map(({ id, title }) => (
          <li key={id}>
            <button aria-current={chosenView.value === id ? "page" : undefined} class={isMissing(id) ? "off" : ""} onClick={() => openView(id)}>{title}{isMissing(id) && <span class="sr"> (not for a typed sentence)</span>}</button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const isThere = (trace: Trace) => (view: View): boolean => view.available(trace, page.value!);

/** The trace of the page that is shown, or into which a sentence was typed. */
const recorded = (): Trace => graphs.value[place.value.trace].recorded;

/** Whether a view is there for the recorded sentence, but not for the one that was typed: it is greyed, and says why. */
const isMissing = (id: string): boolean => VIEWS.some((view) => view.id === id && isThere(recorded())(view) && !isThere(graph.value.recorded)(view));

/** On a telephone the views are a strip that scrolls: the current one stands in its middle. */
function showCurrent(strip: HTMLElement): void {
  const current = strip.querySelector<HTMLElement>("[aria-current]");
  if (current) strip.scrollLeft = current.offsetLeft - (strip.clientWidth - current.clientWidth) / 2;
}

function CurrentView() {
  const available = VIEWS.filter(isThere(graph.value.recorded));
  if (isMissing(chosenView.value)) return <Missing title={VIEWS.find(({ id }) => id === chosenView.value)!.title} />;
  const view = available.find(({ id }) => id === chosenView.value) ?? available[0];
  return (
    <Guard key={`${view.id} ${place.value.trace} ${place.value.sentence ?? ""}`}>
      <view.component graph={graph.value} views={available} />
    </Guard>
  );
}

// By itself, so that opening it draws nothing else anew.
const Explanation = () => (explaining.value ? <CellPanel graph={graph.value} /> : null);

/** Backspace goes one step back, unless one is typing; Escape closes the explanation. */
function onKey(event: KeyboardEvent): void {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select, [contenteditable]");
  if (typing || event.defaultPrevented) return;
  if (event.key === "Escape" && explaining.value) closeCell();
  else if (event.key === "Backspace") back();
  else return;
  event.preventDefault();
}

/** The hash names the place, so the skip link moves the focus by itself. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")!.focus();
}
