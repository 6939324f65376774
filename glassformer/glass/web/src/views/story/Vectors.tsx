// Step 2: the chosen piece's row of the embedding table, and how the model is told where it stands.

import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { scaleOf } from "../../palette";
import { last } from "../../shapes";
import { PixelMap } from "../PixelMap";

const FIRST = 6; // numbers written out

export function Vectors({ graph, row }: { graph: Graph; row: number }) {
  const rows = [
    ["source_embedding.lookup", "its row of the embedding table"],
    ["source_embedding.scaled", "times √d_model, as in section 3.4 of the paper"],
    ["source_embedding.position", `the pattern of place ${row}`],
    ["source_embedding.output", "both added: what the encoder reads"],
  ].filter(([name]) => graph.has(name) && graph.values(name));
  if (rows.length === 0) return <p class="note">This record carries the attentions only, not the embeddings.</p>;
  const width = last(graph.tensor(rows[0][0]).shape);
  return (
    <>
      <p>To the model the piece is {width} numbers, learnt in training. {graph.has("source_embedding.position")
        ? "Attention knows no order, so the numbers of its place are added."
        : "This model adds nothing for the place: it turns queries and keys by it, in the next step."}</p>
      <dl class="story-rows">
        {rows.map(([name, what]) => (
          <div key={name}>
            <dt>{what}</dt>
            <dd>
              <Picture graph={graph} name={name} row={row} width={width} />
              {Array.from({ length: Math.min(FIRST, width) }, (_, i) => <Num key={i} graph={graph} tensor={name} index={[row, i]} />)}{width > FIRST && <span class="muted"> … {width - FIRST} more</span>}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Picture({ graph, name, row, width }: { graph: Graph; name: string; row: number; width: number }) {
  const values = graph.values(name)!.subarray(row * width, (row + 1) * width);
  return <PixelMap values={values} rows={1} columns={width} scale={scaleOf(values)} label={`all ${width} numbers as colours`} />;
}
