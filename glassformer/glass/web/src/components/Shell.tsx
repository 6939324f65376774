// The frame around every view: header, navigation, the view, and the explanation of the chosen cell.

import { useEffect } from "preact/hooks";
import { back, chosenView, closeCell, explaining, go, graph, graphs, openView, page, theme, type Theme } from "../store";
import { VIEWS } from "../views";
import { followChoice } from "../views/causes/intervening";
import { Altered, TitleNow } from "../views/edit/Altered";
import { CellPanel } from "./CellPanel";
import { Guard } from "./Guard";

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
        <Altered graph={graph.value} />
        <CurrentView />
      </main>
      <Explanation />
    </div>
  );
}

function Header() {
  const { title, kind } = page.value!;
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

function TraceChoice() {
  return (
    <label class="choice">
      Trace
      <select value={graphs.value.indexOf(graph.value)} onChange={(event) => go({ trace: Number(event.currentTarget.value) })}>
        {graphs.value.map(({ label }, i) => <option key={i} value={i}>{label}</option>)}
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
  const views = VIEWS.filter((view) => view.available(graph.value.recorded, page.value!));
  return (
    <nav class="navigation" aria-label="Views">
      <ul>
        {views.map(({ id, title }) => (
          <li key={id}>
            <button aria-current={chosenView.value === id ? "page" : undefined} onClick={() => openView(id)}>{title}</button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function CurrentView() {
  const available = VIEWS.filter((view) => view.available(graph.value.recorded, page.value!));
  const view = available.find(({ id }) => id === chosenView.value) ?? available[0];
  return (
    <Guard key={`${view.id} ${graphs.value.indexOf(graph.value)}`}>
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
