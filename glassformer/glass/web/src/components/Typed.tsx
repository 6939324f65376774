// A sentence of the reader's own: the box to type it into, that it is being translated, and, on every view, that the
// numbers are the page's own.

import { useState } from "preact/hooks";
import { takesSentences } from "../engine/sentence";
import { chosenView, graph, graphs, openView, place, showSentence } from "../store";
import { problem, waiting } from "../typing";
import { LONGEST_SENTENCE } from "../url";
import { Doing } from "../views/causes/Ask";
import { onEnter } from "./enter";
import "./Typed.css";

/** On every view: whose numbers these are, and the way back to the record's. */
export function Typed() {
  const { sentence } = place.value;
  if (sentence === null) return problem.value && chosenView.value !== "story" ? <p role="alert" class="typed">{problem.value}</p> : null;
  return (
    <p class="typed" role="status">
      <span>You typed <q dir="auto">{sentence}</q>. Everything shown is computed here, by the page, from the weights it carries; it is translated by greedy search.</span>
      {chosenView.value !== "story" && <button onClick={() => openView("story")}>Another sentence</button>}
      <button onClick={() => void showSentence(null)}>Back to the recorded one</button>
    </p>
  );
}

/** In the place of a view, while a link's sentence is being translated or its question answered. */
export const Translating = () => (
  <section class="view">
    <h2>{waiting.value ? "Translating" : "Asking"}</h2>
    <Progress />
  </section>
);

/** In the place of a view that the recorded sentence has and the typed one has not: its step of training, without an end. */
export const Missing = ({ title }: { title: string }) => (
  <section class="view" aria-labelledby="view-title">
    <h2 id="view-title">{title}</h2>
    <p class="note">The translation of the typed sentence has no end: it was cut off at the most that the model may write, so there is nothing that it could be taught. For the recorded sentence this is there.</p>
    <p><button onClick={() => void showSentence(null)}>Back to the recorded sentence</button></p>
  </section>
);

function Progress() {
  if (!waiting.value) return <Doing />;
  return <p role="status" class="typed-progress">Translating <q dir="auto">{waiting.value.sentence}</q> … <bdi>{waiting.value.written}</bdi></p>;
}

/** The box; where the page carries no weights, why there is none. */
export function SentenceBox() {
  const own = graphs.value[place.value.trace].trace;
  const read = graph.value.trace.axes.source?.text ?? "";
  return takesSentences(own) ? <Field key={read} read={read} /> : (
    <p class="sentence-box"><q class="sentence-shown" dir="auto">{read}</q> <span class="muted">This page carries {whyNot(own.meta.detail)}, so it can show this sentence only.</span></p>
  );
}

const whyNot = (detail: string): string => (detail === "full+weights" ? "what was changed in the model, or a tokenizer that it does not know" : "no weights (--detail full+weights)");

function Field({ read }: { read: string }) {
  const [text, setText] = useState(read);
  const submit = () => {
    const recorded = graphs.value[place.value.trace].trace.axes.source.text;
    void showSentence(text.trim() === recorded ? null : text);
  };
  return (
    <div class="sentence-box">
      <label>
        <span>A sentence to translate</span>
        <input type="text" dir="auto" value={text} maxLength={LONGEST_SENTENCE} autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={onEnter(submit)} />
      </label>
      <button class="do" onClick={submit}>Translate this here</button>
      <Progress />
      {problem.value && <p role="alert" class="problem">{problem.value}</p>}
    </div>
  );
}
