// Logit lens: what the decoder would say at the contrast's step if the layers above added nothing.

import { Glossed } from "../../components/Gloss";
import type { Graph } from "../../graph";
import { percent } from "../../numbers";
import { MEASURES, written } from "./effects";
import { depthName, mapOf } from "../../causes/parts";

export function Lens({ graph }: { graph: Graph }) {
  const cause = graph.recorded.cause!;
  const { rows } = mapOf(cause, "decoder.stream");
  return (
    <section class="card" aria-labelledby="why-lens">
      <h3 id="why-lens">What it would say after each layer</h3>
      <p class="muted">The output layer put on the decoder’s state at this step before the layers above have added to it (the logit lens).</p>
      <div class="scroll" tabIndex={0} role="group" aria-label="What it would say after each layer">
        <table class="figures">
          <thead><tr><th scope="col">decoder</th><th scope="col">{MEASURES[cause.contrast.measure]}</th><th scope="col">likeliest words</th></tr></thead>
          <tbody>
            {cause.lens.map(({ value, candidates }, depth) => (
              <tr key={depth}>
                <th scope="row">{depthName(rows[depth])}</th>
                <td>{written(cause, value)}</td>
                <td class="lens-words">{candidates.map((one) => <span key={one.id}><Glossed trace={graph.recorded} token={one} /> {percent(one.probability)}</span>)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
