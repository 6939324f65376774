// How wide the feed-forward layer is: this model beside the four that the lecture names.

import type { Graph } from "../graph";
import { show } from "../numbers";
import { last } from "../shapes";
import "./Layered.css";

const PUBLISHED = [["Transformer (2017)", 512, 2048], ["BERT Base", 768, 3072], ["BERT Large", 1024, 4096], ["GPT-2 Small", 768, 3072]] as const;

export function Widths({ graph, block }: { graph: Graph; block: string }) {
  const wide = last(graph.tensor(`${block}.activation`).shape);
  const narrow = graph.has(`${block}.outer`) ? last(graph.tensor(`${block}.outer`).shape) : graph.trace.axes.d_model.size;
  const rows = [["this model", narrow, wide] as const, ...PUBLISHED];
  const most = Math.max(...rows.map(([, , width]) => width));
  return (
    <section class="card">
      <h3>How wide: d_ff = r · d_model</h3>
      <p class="muted">The paper widens four times; most models after it did the same.</p>
      <div class="scroll">
        <table class="figures full">
          <thead><tr><th scope="col">model</th><th scope="col">d_model</th><th scope="col">d_ff</th><th scope="col">r</th><td class="wide" /></tr></thead>
          <tbody>
            {rows.map(([name, d, width], i) => (
              <tr key={name}>
                <th scope="row">{i === 0 ? <b>{name}</b> : name}</th><td>{d}</td><td>{width}</td><td>{show(width / d)}</td>
                <td class="wide">
                  <span class="gauge warm" title="d_ff"><span style={{ width: `${(100 * width) / most}%` }} /></span>
                  <span class="gauge" title="d_model"><span style={{ width: `${(100 * d) / most}%` }} /></span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted">Orange: d_ff. Blue: d_model.</p>
    </section>
  );
}
