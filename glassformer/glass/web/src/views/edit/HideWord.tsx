// A source token that nobody may attend to any more, as if it were padding.

import { Choice } from "../../components/Choice";
import type { Graph } from "../../graph";
import { placeText } from "../../labels";
import { below, oneOf, useLinked } from "../../linked";
import { hideWord, MASKS } from "./editing";

export function HideWord({ graph }: { graph: Graph }) {
  const tensor = graph.tensor("source.ids");
  const [word, setWord] = useLinked("place", below(tensor.shape[0]), 0);
  const [from, setFrom] = useLinked("hide_from", oneOf<keyof typeof MASKS>(["decoder", "everyone"]), "decoder");
  return (
    <>
      <div class="controls">
        <Choice label="Source token" value={word} options={Array.from({ length: tensor.shape[0] }, (_, i) => [i, `${i}: ${placeText(graph, tensor, 0, i)}`] as const)} onChange={setWord} />
        <Choice label="From" value={from} options={[["decoder", "the decoder"], ["everyone", "the encoder too"]]} onChange={setFrom} />
        <button class="do" onClick={() => hideWord(graph, word, from)}>Hide it</button>
      </div>
      <p class="muted">
        {from === "decoder"
          ? "Cross-attention cannot look at the token any more, in any layer or head. Its neighbours have already read it in the encoder, so its meaning may still get through."
          : "Its column is masked as padding is, in the encoder and in cross-attention: the sentence goes on without it."}
      </p>
    </>
  );
}
