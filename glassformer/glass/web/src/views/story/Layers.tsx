// Step 4: the chosen piece's row as it leaves each layer of the encoder: how long it is, and how far it has turned.

import type { Graph } from "../../graph";
import { show } from "../../numbers";
import { last } from "../../shapes";
import { openTensor } from "../../store";
import { cosine, length, rowOf } from "../../vectors";
import { sublayers } from "../sublayers";

export function Layers({ graph, row }: { graph: Graph; row: number }) {
  const all = sublayers(graph).filter(({ name }) => name.startsWith("encoder."));
  const ends = all.filter(({ name }) => name.endsWith(".feed_forward")).map(({ sum, norm, pre }) => (norm && !pre ? norm : sum));
  const names = all.length ? [all[0].x, ...ends] : [];
  if (names.length === 0 || names.some((name) => !graph.values(name))) return <p class="note">This record carries the attentions only, not what stands between them.</p>;
  const rows = names.map((name) => rowOf(graph.values(name)!, last(graph.tensor(name).shape), row));
  const { decoder_layers: decoders } = graph.trace.model;
  return (
    <>
      <p>
        Each layer adds to the piece’s numbers what attention has mixed, and what a small network of its own makes of that. How long the row
        of <b><bdi>{graph.trace.axes.source.tokens![row].text}</bdi></b> is, and how far it still points where it began:
      </p>
      <div class="scroll">
        <table class="figures full">
          <thead><tr><th scope="col">its row</th><th scope="col">length</th><th scope="col">cosine with the first</th><td class="wide" /></tr></thead>
          <tbody>
            {rows.map((values, i) => (
              <tr key={names[i]}>
                <th scope="row"><button class="link" onClick={() => openTensor(names[i])}>{i === 0 ? "as it comes in" : `after layer ${i - 1}`}</button></th>
                <td>{show(length(values))}</td>
                <td>{show(cosine(rows[0], values))}</td>
                <td class="wide"><span class="gauge"><span style={{ width: `${100 * Math.max(0, cosine(rows[0], values))}%` }} /></span></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted">Cosine 1: the same direction; 0: at right angles. The decoder’s {decoders} {Number(decoders) === 1 ? "layer works" : "layers work"} alike, and read all of these rows by cross-attention.</p>
    </>
  );
}
