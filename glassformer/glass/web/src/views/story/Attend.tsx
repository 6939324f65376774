// Step 3: how much of each piece goes into the chosen one, in one head of the encoder's first layer.

import { Choice } from "../../components/Choice";
import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { below, useLinked } from "../../linked";
import { kindsOf } from "../attentionWeights";

const SHOWN = 6;

export function Attend({ graph, row }: { graph: Graph; row: number }) {
  const tensor = kindsOf(graph.trace).find(({ id }) => id === "encoder.self_attention")?.layers[0];
  const heads = tensor?.shape[0] ?? 1;
  const [head, setHead] = useLinked("head", below(heads), 0);
  const values = tensor && graph.values(tensor.name);
  if (!tensor || !values) return <p class="note">This record has no self-attention of the encoder.</p>;
  const tokens = graph.trace.axes.source.tokens!;
  const weight = (key: number) => values[(head * tokens.length + row) * tokens.length + key];
  const order = tokens.map((_, i) => i).sort((a, b) => weight(b) - weight(a)).slice(0, SHOWN);
  return (
    <>
      <p>
        In each of {heads} heads the piece asks a question (a query); every piece answers with how well it fits (query times key), softmax makes
        weights of that which sum to 1, and the pieces’ values are mixed by them. For <b><bdi>{tokens[row].text}</bdi></b>, in the encoder’s first layer:
      </p>
      <Choice label="head" value={head} options={Array.from({ length: heads }, (_, i) => [i, String(i)] as const)} onChange={setHead} />
      <ol class="story-bars">
        {order.map((key) => (
          <li key={key}>
            <bdi>{tokens[key].text || tokens[key].piece}</bdi>
            <span class="gauge"><span style={{ width: `${100 * weight(key)}%` }} /></span>
            <Num graph={graph} tensor={tensor.name} index={[head, row, key]} />
          </li>
        ))}
      </ol>
      {order.length < tokens.length && <p class="muted">The {order.length} largest of {tokens.length} weights.</p>}
      <p class="muted">The weights say what is read. What the model makes of it they do not say.</p>
    </>
  );
}
