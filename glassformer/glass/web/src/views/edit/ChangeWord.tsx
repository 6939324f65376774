// Another token in place of one that the encoder or the decoder reads: its nearest in the embedding table, or any by search.

import { useMemo } from "preact/hooks";
import { Choice } from "../../components/Choice";
import type { Graph } from "../../graph";
import { piecesOf, type Side } from "../../labels";
import { below, oneOf, TEXT, useLinked } from "../../linked";
import { pieceLabel } from "../../pieces";
import { last } from "../../shapes";
import { findPieces, neighbours, setCells } from "./editing";

const OFFERED = 12;

export function ChangeWord({ graph }: { graph: Graph }) {
  const [side, setSide] = useLinked("side", oneOf<Side>(["source", "target"]), "source");
  const [text, setText] = useLinked("search", TEXT, "");
  const pieces = piecesOf(graph.trace, side);
  const ids = graph.values(`${side}.ids`)!;
  // The decoder begins with <s>, whatever it is told.
  const places = Array.from(ids.keys()).slice(side === "target" ? 1 : 0);
  const [chosen, setChosen] = useLinked("place", below(ids.length), 0);
  const place = places.includes(chosen) ? chosen : places[0];
  if (place === undefined) return <p class="note">Nothing was read on this side.</p>;
  const found = findPieces(pieces, text, OFFERED);
  return (
    <>
      <div class="controls">
        <Choice label="Of" value={side} options={[["source", "the source"], ["target", "what the decoder has written"]]} onChange={setSide} />
        <Choice label="Token" value={place} options={places.map((i) => [i, `${i}: ${pieceLabel(pieces[ids[i]])}`] as const)} onChange={setChosen} />
        <label class="choice">
          Search the vocabulary
          <input type="search" value={text} placeholder="a piece of a word" onInput={(event) => setText(event.currentTarget.value, true)} />
        </label>
      </div>
      {text.trim() ? (
        <Offer title={found.length ? "Found in the vocabulary:" : `No piece of the vocabulary holds “${text.trim()}”.`} graph={graph} side={side} place={place} ids={found} />
      ) : (
        <Nearest graph={graph} side={side} place={place} id={ids[place]} />
      )}
    </>
  );
}

interface Props {
  graph: Graph;
  side: Side;
  place: number;
}

function Nearest({ graph, side, place, id }: Props & { id: number }) {
  const { table } = graph.tensor(`${side}_embedding.lookup`).operands;
  const values = graph.values(table);
  const near = useMemo(() => (values ? neighbours(values, last(graph.tensor(table).shape), id, OFFERED) : []), [values, id]);
  return <Offer title="Its nearest in the embedding table (by cosine), to try:" graph={graph} side={side} place={place} ids={near.map((one) => one.id)} />;
}

function Offer({ title, graph, side, place, ids }: Props & { title: string; ids: readonly number[] }) {
  const pieces = piecesOf(graph.trace, side);
  return (
    <div>
      <p class="muted">{title}</p>
      <ul class="offer">
        {ids.map((id) => (
          <li key={id}>
            <button title={`${pieces[id]} · id ${id}`} onClick={() => setCells(graph, `${side}.ids`, [[place, id]])}><bdi>{pieceLabel(pieces[id])}</bdi></button>
          </li>
        ))}
      </ul>
    </div>
  );
}
