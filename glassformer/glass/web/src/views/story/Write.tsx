// Steps 5 and 6: one step of the decode loop with its likeliest tokens, and the loop as a whole.

import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { percent, show } from "../../numbers";
import type { Step } from "../../record";
import { Candidates } from "../decoding/Candidates";
import { hasColumn, outputs } from "../decoding/output";

interface Props {
  graph: Graph;
  step: number;
  onStep(step: number): void;
}

const SHOWN = 5;

export function Write({ graph, step: at, onStep }: Props) {
  const { steps } = graph.trace.decode!;
  const step = steps[at];
  const size = graph.trace.axes.vocabulary?.size;
  if (!step) return <p class="note">Nothing was decoded.</p>;
  return (
    <>
      <p class="story-words" role="group" aria-label="Step to look at">
        {steps.map(({ chosen }, i) => <button key={i} aria-pressed={i === at} onClick={() => onStep(i)}><bdi>{chosen.text.trim() || chosen.piece}</bdi></button>)}
      </p>
      <p>
        Having read <b><bdi>{step.read.text}</bdi></b>{at > 0 && " and all before it"}, it gives each of {size ?? "its"} pieces a number, the logit; softmax makes
        probabilities of them. {chosen(steps, at)} takes <b><bdi>{step.chosen.text}</bdi></b> with {percent(step.chosen.probability)}.
      </p>
      <Candidates graph={graph} step={{ ...step, candidates: step.candidates.slice(0, SHOWN) }} />
    </>
  );
}

/** "Here, where it is the least sure, it": so that a reader knows why the page begins with this step. */
const chosen = (steps: readonly Step[], at: number): string =>
  steps.length > 1 && steps.every(({ chosen: { probability } }) => probability >= steps[at].chosen.probability) ? "Here, at its least certain step, it" : "It";

export function Loop({ graph, step: at, onStep }: Props) {
  const { steps, log_prob } = graph.trace.decode!;
  return (
    <>
      <p>
        {steps.length} steps. The probability of the whole is the product of theirs: ln p = {show(log_prob)}, so p = {percent(Math.exp(log_prob))}.
      </p>
      <div class="scroll">
        <table class="figures full story-loop">
          <thead><tr><th scope="col">step</th><th scope="col">reads</th><th scope="col">writes</th><th scope="col">probability</th><td class="wide" /></tr></thead>
          <tbody>
            {steps.map((step, i) => (
              <tr key={i} class={i === at ? "on" : ""}>
                <th scope="row"><button class="link" aria-label={`look at step ${i + 1}`} onClick={() => onStep(i)}>{i + 1}</button></th>
                <td><bdi>{step.read.text}</bdi></td>
                <td><bdi>{step.chosen.text}</bdi></td>
                <td><Probability graph={graph} step={step} /></td>
                <td class="wide"><span class="gauge"><span style={{ width: `${100 * step.chosen.probability}%` }} /></span></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Probability({ graph, step: { step, chosen } }: { graph: Graph; step: Step }) {
  const name = outputs(graph)?.probabilities;
  const text = percent(chosen.probability);
  return name && hasColumn(graph, name, chosen.id) ? <Num graph={graph} tensor={name} index={[step, chosen.id]} text={text} /> : <>{text}</>;
}
