// A head whose result no longer counts.

import { Choice } from "../../components/Choice";
import type { Graph } from "../../graph";
import { below, oneOf, useLinked } from "../../linked";
import { titleOf } from "../sublayers";
import { attentions, silenceHead } from "./editing";

export function ChangeHead({ graph }: { graph: Graph }) {
  const all = attentions(graph);
  const [attention, setAttention] = useLinked("attention", oneOf(all), all[all.length - 1]);
  const heads = graph.tensor(`${attention}.weights`).shape[0];
  const [head, setHead] = useLinked("head", below(heads), 0);
  return (
    <>
      <div class="controls">
        <Choice label="Attention" value={attention} options={all.map((name) => [name, titleOf(name)] as const)} onChange={setAttention} />
        <Choice label="Head" value={head} options={Array.from({ length: heads }, (_, i) => [i, String(i)] as const)} onChange={setHead} />
        <button class="do" onClick={() => silenceHead(graph, attention, head)}>Silence it</button>
      </div>
      <p class="muted">The columns of W_O that read this head are set to 0, which is the same as a head that gives only zeros. What it computes is still there to look at; nothing of it goes on.</p>
    </>
  );
}
