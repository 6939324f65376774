// How far an edit reaches: every tensor that it has moved, in the model's order, and by how much at most.

import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { blockOf, shortName } from "../../labels";
import { show } from "../../numbers";
import { unflatten } from "../../shapes";
import { openTensor } from "../../store";
import { titleOf } from "../sublayers";
import { grouped, moves, type Move } from "./editing";

export function Moved({ graph }: { graph: Graph }) {
  const all = graph.isAltered ? moves(graph) : [];
  const computed = graph.trace.tensors.filter(({ op }) => op !== "parameter" && op !== "input");
  if (!graph.isAltered) return null;
  const blocks = grouped(all, ({ tensor }) => blockOf(tensor.name));
  const reached = all.filter(({ tensor }) => computed.includes(tensor)).length;
  return (
    <section class="card">
      <h3>What moved</h3>
      <p class="muted">
        {reached} of {computed.length} computed matrices. At the right, by how much a number of each changes at most; the bar is that change beside the
        matrix's largest number before. Changes that are only rounding are left out.
      </p>
      <ul class="moved">{blocks.map(([block, own]) => <Block key={block} graph={graph} block={block} own={own} open={blocks.length < 4} />)}</ul>
    </section>
  );
}

const share = ({ most, size }: Move): number => Math.min(most / (size || 1), 1);

function Block({ graph, block, own, open }: { graph: Graph; block: string; own: readonly Move[]; open: boolean }) {
  return (
    <li>
      <details open={open}>
        <summary>
          <span>{block ? titleOf(block) : "last norms and output"}</span>
          <span class="gauge warm"><span style={{ width: `${100 * Math.max(...own.map(share))}%` }} /></span>
          <span class="muted">{own.length === 1 ? "1 matrix" : `${own.length} matrices`}</span>
        </summary>
        <ul>{own.map((move) => <Line key={move.tensor.name} graph={graph} move={move} />)}</ul>
      </details>
    </li>
  );
}

function Line({ graph, move }: { graph: Graph; move: Move }) {
  const { tensor, most, at } = move;
  return (
    <li class="moved-line">
      <button class="link" title={`Open ${tensor.name}`} onClick={() => openTensor(tensor.name)}>{shortName(tensor.name)}{tensor.label !== shortName(tensor.name) && <bdi class="muted"> {tensor.label}</bdi>}</button>
      <span class="gauge warm"><span style={{ width: `${100 * share(move)}%` }} /></span>
      <Num graph={graph} tensor={tensor.name} index={unflatten(tensor.shape, at)} text={`by ${show(most)}`} />
    </li>
  );
}
