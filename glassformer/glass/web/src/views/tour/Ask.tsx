// A question to predict the answer of, before one looks. Clicking an option says whether it is right, and why.

import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Graph } from "../../graph";
import type { Stop } from "../../record";
import { openCell } from "../../store";
import "./Ask.css";
import { questionOf } from "./questions";

const answers = signal<ReadonlyMap<string, { readonly option: string; readonly right: boolean }>>(new Map()); // by stop and question: they stay while the page is open

export function Ask({ graph, stop }: { graph: Graph; stop: Stop }) {
  const edits = graph.edits.value;
  const question = useMemo(() => questionOf(graph, stop), [graph, stop, edits]);
  if (!question) return null;
  const { ask, options, right, because, cell } = question;
  const key = `${stop.id} ${ask}`;
  const given = answers.value.get(key);
  const answer = (option: string) => (answers.value = new Map(answers.value).set(key, { option, right: option === options[right] }));
  const all = [...answers.value.values()];
  return (
    <section class="card ask" aria-labelledby="ask-title">
      <h4 id="ask-title">Predict, then check</h4>
      <p><bdi>{ask}</bdi></p>
      <ul class="ask-options">
        {options.map((option, i) => {
          const state = given ? (i === right ? "right" : option === given.option ? "wrong" : "") : "";
          return (
            <li key={option}>
              <button class={state} aria-pressed={option === given?.option} onClick={() => answer(option)}>
                {state && <span aria-hidden="true">{state === "right" ? "✓ " : "✗ "}</span>}<bdi>{option}</bdi>
              </button>
            </li>
          );
        })}
      </ul>
      <div role="status">
        {given && (
          <p>
            <b>{given.right ? "Right." : <>Not so: it is <bdi>{options[right]}</bdi>.</>}</b> <bdi>{because}</bdi>{" "}
            {cell && <button class="link" onClick={() => openCell(...cell)}>See how that number was made</button>}{" "}
            <span class="muted">{all.filter((one) => one.right).length} of {all.length} answered right so far.</span>
          </p>
        )}
      </div>
    </section>
  );
}
