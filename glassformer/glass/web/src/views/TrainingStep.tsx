// How training would go on with this sentence: what is read and must be said, the loss of each place, one weight's step.

import { Frame } from "../components/Frame";
import { Glossed } from "../components/Gloss";
import type { Graph } from "../graph";
import { percent, show } from "../numbers";
import type { TrainingStep as Step } from "../record";
import { go } from "../store";
import { stepOf } from "../training";
import "./TrainingStep.css";

const LEAD = "In training the right translation is known. Here the model’s own takes its place, and it is taught to say it more surely: one step of gradient descent, without dropout and label smoothing.";

export function TrainingStep({ graph }: { graph: Graph }) {
  const step = stepOf(graph);
  return (
    <Frame title="A step of training" lead={LEAD}>
      {step ? (
        <div class="step-cards">
          <Places graph={graph} step={step} />
          <Gradient graph={graph} step={step} />
        </div>
      ) : <p role="status">The step is being computed …</p>}
    </Frame>
  );
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** Teacher forcing, and the loss of each place. */
function Places({ graph, step: { losses, losses_after, rate } }: { graph: Graph; step: Step }) {
  const most = Math.max(...losses);
  return (
    <section class="card" aria-labelledby="step-places">
      <h3 id="step-places">What is read, what must be said, and the loss</h3>
      <p class="muted">The decoder reads the right words shifted by one place. The loss of a place is −ln of the probability that it gives to the word it must say.</p>
      <div class="step-scroll" tabIndex={0} role="region" aria-label="The loss of each place">
        <table class="step-table">
          <thead><tr><th scope="col">reads</th><th scope="col">must say</th><th scope="col">p</th><th scope="col" colspan={2}>loss, in nats</th><th scope="col">after the step</th></tr></thead>
          <tbody>
            {graph.trace.decode!.steps.map(({ read, chosen }, i) => (
              <tr key={i}>
                <td><Glossed trace={graph.trace} token={read} /></td>
                <td><Glossed trace={graph.trace} token={chosen} /></td>
                <td>{percent(Math.exp(-losses[i]))}</td>
                <td class="step-bar"><span style={{ width: `${(losses[i] / most) * 100}%` }} /></td>
                <td>{show(losses[i])}</td>
                <td>{show(losses_after[i])}</td>
              </tr>
            ))}
          </tbody>
          <tfoot><tr><th scope="row" colspan={4}>mean: the loss L</th><td>{show(mean(losses))}</td><td>{show(mean(losses_after))}</td></tr></tfoot>
        </table>
      </div>
      <p class="muted">After: all weights moved by −{show(rate)} times their gradient.</p>
    </section>
  );
}

/** One weight: its gradient term by term, before and after. */
function Gradient({ graph, step: { rate, weight } }: { graph: Graph; step: Step }) {
  const { name, row, column, slopes, inputs, gradient, before, after } = weight;
  const open = () => go({ view: "matrix", tensor: name, cell: [row, column], block: null });
  return (
    <section class="card" aria-labelledby="step-gradient">
      <h3 id="step-gradient">One weight’s gradient, term by term</h3>
      <p>
        {graph.has(name) ? <button class="step-name" onClick={open}><code>{name}[{row},{column}]</code></button> : <code>{name}[{row},{column}]</code>}
        <span class="muted"> helps to make number {row} of the last feed-forward network’s output, from number {column} inside it. Of all that layer’s weights it has the largest gradient.</span>
      </p>
      <p class="step-formula">∂L/∂w = Σₜ ∂L/∂aₜ · xₜ</p>
      <div class="step-scroll" tabIndex={0} role="region" aria-label="The terms of the gradient">
        <table class="step-table">
          <thead><tr><th scope="col">place</th><th scope="col">∂L/∂aₜ: from the loss back to the output</th><th scope="col">xₜ: what the weight multiplies</th><th scope="col">term</th></tr></thead>
          <tbody>
            {slopes.map((slope, i) => (
              <tr key={i}>
                <td><Glossed trace={graph.trace} token={graph.trace.decode!.steps[i].read} /></td>
                <td>{show(slope)}</td><td>{show(inputs[i])}</td><td>{show(slope * inputs[i])}</td>
              </tr>
            ))}
          </tbody>
          <tfoot><tr><th scope="row" colspan={3}>∂L/∂w, the sum of the terms</th><td>{show(gradient)}</td></tr></tfoot>
        </table>
      </div>
      <dl class="step-move">
        <div><dt>before</dt><dd>{show(before)}</dd></div>
        <div><dt>w − {show(rate)} · ∂L/∂w</dt><dd>{show(before)} − {show(rate)} · {gradient < 0 ? `(${show(gradient)})` : show(gradient)}</dd></div>
        <div><dt>after</dt><dd>{show(after)}</dd></div>
        <div><dt>moved by</dt><dd>{show(after - before)}</dd></div>
      </dl>
    </section>
  );
}
