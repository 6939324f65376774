// What can be read off a row: a linear probe's accuracy on words that it did not see, beside that of guessing.

import { percent } from "../../numbers";
import type { EmbeddingMap } from "../../record";

export function Probes({ probes }: { probes: EmbeddingMap["probes"] }) {
  return (
    <section class="card" aria-labelledby="embedding-probes">
      <h3 id="embedding-probes">What does a row tell?</h3>
      <p class="muted">A linear map is fitted to some of the words and asked about the others (cross-validated; words of one meaning stay together). What it gets right beyond guessing the most frequent class is written in the rows.</p>
      <table class="embedding-probes">
        <thead><tr><th scope="col">asked for</th><th scope="col">words</th><th scope="col">right</th><th scope="col">by guessing</th></tr></thead>
        <tbody>
          {probes.map(({ feature, classes, accuracy, majority, folds }) => (
            <tr key={feature}>
              <th scope="row">{feature.replaceAll("_", " ")}</th>
              <td>{Object.entries(classes).map(([name, count]) => `${count} ${name}`).join(", ")}; {folds} parts</td>
              <td>{percent(accuracy)}</td>
              <td>{percent(majority)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
