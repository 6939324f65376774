// What the reader has changed so far, each change with its undoing.

import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { piecesOf, placeText } from "../../labels";
import { pieceLabel } from "../../pieces";
import { show } from "../../numbers";
import { cellSymbol } from "../../ops/op";
import { unflatten } from "../../shapes";
import { titleOf } from "../sublayers";
import { changes, restore, type Change } from "./editing";

export function Changed({ graph }: { graph: Graph }) {
  const [all, held] = [changes(graph), graph.patches.value];
  return (
    <section class="card" aria-labelledby="changed">
      <h3 id="changed">What is changed</h3>
      <div role="status">
        {all.length + held.length === 0 ? <p class="muted">Nothing: all numbers are as recorded.</p> : (
          <ul class="changed">
            {all.map((change) => (
              <li key={`${change.tensor.name} ${change.kind} ${change.place}`}>
                <span><Words graph={graph} change={change} /></span>
                <button onClick={() => restore(graph, change.tensor.name, change.cells)}>Undo</button>
              </li>
            ))}
            {held.map((patch) => (
              <li key={patch.id}>
                <span>Intervention: {patch.title}.</span>
                <button onClick={() => graph.toggle(patch)}>Undo</button>
              </li>
            ))}
          </ul>
        )}
      </div>
      {all.length + held.length > 1 && <button onClick={() => graph.reset()}>Undo all</button>}
    </section>
  );
}

/** What a changed column of a mask means. */
const WHOSE: { readonly [mask: string]: string } = {
  "encoder.mask": "is hidden from the encoder",
  "decoder.cross_mask": "is hidden from the decoder",
};

function Words({ graph, change: { tensor, cells, kind, place } }: { graph: Graph; change: Change }) {
  const { trace } = graph;
  switch (kind) {
    case "head": return <>Head {place} of {titleOf(tensor.name.slice(0, -".output.weight".length))} is silent.</>;
    case "column": return <><bdi>{placeText(graph, tensor, 1, place)}</bdi> (place {place}) {WHOSE[tensor.name] ?? "is seen otherwise"}: column {place} of <code>{tensor.name}</code>.</>;
    case "cells": return <>{cells.length} numbers of <code>{tensor.name}</code>.</>;
    case "cell": {
      const index = unflatten(tensor.shape, place);
      const [before, after] = [graph.original(tensor.name)![place], graph.values(tensor.name)![place]];
      const side = tensor.name === "source.ids" ? "source" : tensor.name === "target.ids" ? "target" : null;
      if (side && trace.vocabulary) {
        const piece = (id: number) => <bdi>{pieceLabel(piecesOf(trace, side)[id])}</bdi>;
        return <>Token {place} of the {side}: {piece(before)} → <b>{piece(after)}</b> (id <Num graph={graph} tensor={tensor.name} index={index} />).</>;
      }
      return <><bdi>{cellSymbol(tensor, index)}</bdi> of <code>{tensor.name}</code>: {show(before)} → <Num graph={graph} tensor={tensor.name} index={index} />.</>;
    }
  }
}
