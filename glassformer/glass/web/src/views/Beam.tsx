// The beam search as a tree: what was kept, pruned, finished, what won, and the arithmetic of every score.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { below, useLinked, YES_OR_NO } from "../linked";
import { show } from "../numbers";
import type { Beam as BeamRecord, BeamNode } from "../record";
import { beamOf, WIDTH } from "../searching";
import { Chosen } from "./beam/Chosen";
import { SIGNS, STATES } from "./beam/states";
import { layoutOf, neighbour, NODE, winner, type Layout, type Spot } from "./beam/tree";
import "./Beam.css";

const MANY = 60; // nodes from which on the pruned ones are shown only when asked for

export function Beam({ graph }: { graph: Graph }) {
  const { beam, length } = beamOf(graph);
  return (
    <Frame title="The beam as a tree" lead={
      `At every step the search keeps the ${beam?.width ?? WIDTH} best beginnings and drops the rest. Follow the path that won, or choose a node to see why it was kept or dropped.`
    }>
      {beam ? <Searched graph={graph} beam={beam} /> : <p role="status">Searching here, in the page: {length} {length === 1 ? "token" : "tokens"} long so far …</p>}
    </Frame>
  );
}

function Searched({ graph, beam }: { graph: Graph; beam: BeamRecord }) {
  const [wanted, setWithPruned] = useLinked("pruned", YES_OR_NO, beam.nodes.length <= MANY);
  const [chosen, setChosen] = useLinked("node", below(beam.nodes.length), winner(beam.nodes));
  const withPruned = wanted || beam.nodes[chosen].state === "pruned";
  const layout = useMemo(() => layoutOf(beam, withPruned), [beam, withPruned]);
  const count = (state: BeamNode["state"]) => beam.nodes.filter((node) => node.state === state).length;
  const hide = (all: boolean) => {
    if (!all && beam.nodes[chosen].state === "pruned") setChosen(beam.nodes[chosen].parent!, true);
    setWithPruned(all);
  };
  return (
    <>
      <div class="controls">
        <ul class="beam-legend">
          {STATES.map(([state, words]) => (
            <li key={state} class={`beam-node ${state}`}><span aria-hidden="true">{SIGNS[state]}</span> {words} <span class="muted">{count(state)}</span></li>
          ))}
        </ul>
        <label class="choice">
          <input type="checkbox" checked={withPruned} onChange={(event) => hide(event.currentTarget.checked)} /> show what was pruned
        </label>
      </div>
      {!graph.recorded.beam && <p class="note">This search was done here, by the page. The other views show the greedy translation, <bdi>{graph.recorded.decode!.text}</bdi>; the search may find another.</p>}
      {graph.isAltered && <p class="note stale-reason">Grey, because it is the {graph.recorded.beam ? "recorded search" : "search of the unchanged model"}: what you have changed is not searched again.</p>}
      <Tree layout={layout} chosen={chosen} onChoose={setChosen} stale={graph.isAltered} />
      <Chosen graph={graph} beam={beam} node={beam.nodes[chosen]} onChoose={setChosen} />
    </>
  );
}

interface TreeProps {
  layout: Layout;
  chosen: number;
  onChoose(id: number): void;
  stale: boolean;
}

function Tree({ layout, chosen, onChoose, stale }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const opened = useRef(false);
  useEffect(() => {
    const shown = opened.current ? chosen : layout.spots[0].node.id; // it opens at its beginning, where reading starts
    opened.current = true;
    reveal(box.current!, layout.spots.find(({ node }) => node.id === shown));
  }, [layout, chosen]);
  const onKey = (event: KeyboardEvent) => {
    const to = neighbour(layout, chosen, event.key);
    if (to === null) return;
    event.preventDefault();
    onChoose(to);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true }));
  };
  return (
    <div class={`beam-window card ${stale ? "stale" : ""}`} ref={box}>
      <div class="beam-space" style={{ width: `${layout.width}px`, height: `${layout.height}px`, "--width": layout.width }}>
        <svg class="beam-links" width={layout.width} height={layout.height} aria-hidden="true">
          {layout.links.map(([from, to]) => <path key={to.node.id} class={to.node.state} d={curve(from, to)} />)}
        </svg>
        <div role="tree" aria-label="The beam, from the start token to the end of each translation" onKeyDown={onKey}>
          {layout.spots.map((spot) => <NodeBox key={spot.node.id} spot={spot} on={spot.node.id === chosen} onChoose={onChoose} />)}
        </div>
      </div>
    </div>
  );
}

function NodeBox({ spot: { node, x, y }, on, onChoose }: { spot: Spot; on: boolean; onChoose(id: number): void }) {
  const style = { left: `${x}px`, top: `${y}px`, width: `${NODE.width}px`, height: `${NODE.height}px` };
  return (
    <div role="treeitem" aria-level={node.step + 1} aria-selected={on} tabIndex={on ? 0 : -1}
      class={`beam-node ${node.state} ${on ? "on" : ""}`} style={style} onClick={() => onChoose(node.id)}>
      <span class="beam-token"><span aria-hidden="true">{SIGNS[node.state]}</span> <bdi>{node.text.trim() || node.piece}</bdi></span>
      <span class="sr">{`, ${node.state}, score `}</span>
      <b>{show(node.score)}</b>
      <small>{" ln p "}{show(node.log_prob)}</small>
      <small>{" Σ "}{show(node.sum)}</small>
    </div>
  );
}

const curve = (from: Spot, to: Spot): string => {
  const [x1, y1, x2, y2] = [from.x + NODE.width, from.y + NODE.height / 2, to.x, to.y + NODE.height / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
};

/** Scrolls the box, and nothing else, so that the node and its neighbourhood are seen. */
function reveal(box: HTMLElement, spot: Spot | undefined): void {
  if (!spot) return;
  box.scrollLeft = spot.x - box.clientWidth * 0.6;
  box.scrollTop = spot.y - box.clientHeight / 2 + NODE.height;
}
