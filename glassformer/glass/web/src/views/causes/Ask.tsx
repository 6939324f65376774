// The reader's own question: which word of the translation, against the runner-up or what a second sentence has there.

import { useState } from "preact/hooks";
import { asking, objection } from "../../asking";
import { onEnter } from "../../components/enter";
import type { Graph } from "../../graph";
import { graphs, place, showQuestion } from "../../store";
import { LONGEST_SENTENCE } from "../../url";
import { writtenWord } from "../../causes/parts";
import "./Ask.css";

const ANY = "any";

export function Ask({ graph }: { graph: Graph }) {
  const { steps } = graph.recorded.decode!;
  const own = place.value.question;
  const [step, setStep] = useState(own && own.step !== null ? String(own.step) : ANY);
  const [second, setSecond] = useState(own ? own.versus !== null : true);
  const [versus, setVersus] = useState(own?.versus ?? graph.recorded.axes.source.text ?? "");
  const unsure = steps.reduce((least, { chosen }, i) => (chosen.probability < steps[least].chosen.probability ? i : least), 0);
  const at = step === ANY ? null : Number(step);
  const submit = () => void showQuestion(second ? { step: at, versus } : { step: at ?? unsure, versus: null });
  return (
    <section class="card ask" aria-labelledby="why-ask">
      <h3 id="why-ask">{graph.recorded.cause ? "Ask another question" : "Why does it say this word?"}</h3>
      <p class="muted">The page changes each part of the model, one after the other, and sees which of two words it then prefers.</p>
      <div class="ask-fields">
        <label class="choice">The word
          <select value={step} onChange={(event) => setStep(event.currentTarget.value)}>
            <option value={ANY}>{second ? "in which the two translations differ" : "of which it is least sure"}</option>
            {steps.map((_, i) => <option key={i} value={String(i)}>{i + 1}: {writtenWord(graph.recorded, i)}</option>)}
          </select>
        </label>
        <fieldset>
          <legend>against</legend>
          <label><input type="radio" name="against" checked={second} onChange={() => setSecond(true)} /> the word that a second sentence has there</label>
          <label><input type="radio" name="against" checked={!second} onChange={() => setSecond(false)} /> the runner-up at that step</label>
        </fieldset>
      </div>
      {second && (
        <label class="ask-second">
          <span>The second sentence: change a word</span>
          <input type="text" dir="auto" value={versus} maxLength={LONGEST_SENTENCE} autocomplete="off" spellcheck={false} onInput={(event) => setVersus(event.currentTarget.value)} onKeyDown={onEnter(submit)} />
        </label>
      )}
      <p class="ask-do">
        <button class="do" onClick={submit}>Find what decides</button>
        {own && graphs.value[place.value.trace].recorded.cause && place.value.sentence === null && <button onClick={() => void showQuestion(null)}>Back to the recorded question</button>}
      </p>
      <Doing />
      {objection.value && <p role="alert" class="problem">{objection.value}</p>}
    </section>
  );
}

/** How far the experiments are. */
export function Doing() {
  const done = asking.value;
  if (done === null) return null;
  return <p role="status" class="ask-doing"><progress value={done} max={1} aria-label="experiments done" /> {done === 0 ? "Reading the sentences …" : `Doing the experiments: ${Math.round(100 * done)} %`}</p>;
}
