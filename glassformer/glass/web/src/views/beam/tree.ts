// The beam laid out as a tree, and the arithmetic of its scores.

import { hierarchy, tree, type HierarchyPointNode } from "d3-hierarchy";
import { show } from "../../numbers";
import type { Beam, BeamNode } from "../../record";

export interface Spot {
  readonly node: BeamNode;
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly spots: readonly Spot[]; // in the order of the keyboard: parents before children, best first
  readonly links: readonly (readonly [Spot, Spot])[];
  readonly width: number;
  readonly height: number;
}

export const NODE = { width: 204, height: 50 };
const COLUMN = 240;
const ROW = 58;

/** Time runs from left to right; of the children of a node the better stands higher. */
export function layoutOf(beam: Beam, withPruned: boolean): Layout {
  const nodes = beam.nodes.filter(({ state }) => withPruned || state !== "pruned");
  const children = new Map<number | null, BeamNode[]>();
  for (const node of nodes) children.set(node.parent, [...(children.get(node.parent) ?? []), node]);
  for (const list of children.values()) list.sort((a, b) => b.score - a.score);
  const root = hierarchy(nodes[0], ({ id }) => children.get(id));
  const placed = tree<BeamNode>().nodeSize([ROW, COLUMN]).separation(() => 1)(root);
  const all = placed.descendants();
  const top = Math.min(...all.map(({ x }) => x));
  const spot = ({ data, x, depth }: HierarchyPointNode<BeamNode>): Spot => ({ node: data, x: depth * COLUMN, y: x - top });
  const spots = new Map(placed.descendants().map((one) => [one.data.id, spot(one)]));
  const links = placed.links().map(({ source, target }) => [spots.get(source.data.id)!, spots.get(target.data.id)!] as const);
  const inOrder: Spot[] = [];
  placed.eachBefore(({ data }) => inOrder.push(spots.get(data.id)!));
  return {
    spots: inOrder,
    links,
    width: Math.max(...inOrder.map(({ x }) => x)) + NODE.width,
    height: Math.max(...inOrder.map(({ y }) => y)) + NODE.height,
  };
}

/** Where an arrow leads: left to the parent, right to the best child, up and down to the neighbour of the same step. */
export function neighbour({ spots }: Layout, from: number, key: string): number | null {
  const here = spots.find(({ node }) => node.id === from)!;
  const find = (test: (spot: Spot) => boolean) => spots.find(test)?.node.id ?? null;
  const column = spots.filter(({ x }) => x === here.x).sort((a, b) => a.y - b.y);
  const place = column.indexOf(here);
  switch (key) {
    case "ArrowLeft": return here.node.parent;
    case "ArrowRight": return find(({ node }) => node.parent === from);
    case "ArrowUp": return column[place - 1]?.node.id ?? null;
    case "ArrowDown": return column[place + 1]?.node.id ?? null;
    case "Home": return spots[0].node.id;
    case "End": return find(({ node }) => node.id === winner(spots.map((spot) => spot.node)));
    default: return null;
  }
}

/** The last node of the path that won. */
export const winner = (nodes: readonly BeamNode[]): number =>
  nodes.reduce((last, node) => (node.state === "best" && node.step >= last.step ? node : last)).id;

/** A node's path from the start token, without it. */
export function pathTo({ nodes }: Beam, id: number): BeamNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const path: BeamNode[] = [];
  for (let node = byId.get(id); node && node.parent !== null; node = byId.get(node.parent)) path.unshift(node);
  return path;
}

/** All nodes that competed in a node's step, best first. */
export const rivals = ({ nodes }: Beam, { step }: BeamNode): BeamNode[] =>
  nodes.filter((node) => node.step === step).sort((a, b) => b.sum - a.sum);

const TERMS = 12; // log-probabilities written out before the middle is left to "…"

/** "(−0.12 − 0.08) / ((5 + 2) / 6)^0.6 = −0.2 / 1.0969 = −0.1823". */
export function arithmetic({ nodes, length_penalty }: Beam, id: number): string {
  const path = pathTo({ nodes, length_penalty, width: 0 }, id);
  if (path.length === 0) return "Nothing is written yet: the sum is 0.";
  const node = path[path.length - 1];
  const terms = path.map(({ log_prob }, i) => signed(log_prob, i === 0));
  const shown = terms.length <= TERMS ? terms : [...terms.slice(0, TERMS / 2), " …", ...terms.slice(-TERMS / 2)];
  return `(${shown.join("")}) / ((5 + ${node.length}) / 6)^${length_penalty} = ${show(node.sum)} / ${show(node.penalty)} = ${show(node.score)}`;
}

const signed = (value: number, first: boolean): string =>
  first ? show(value) : value < 0 ? ` − ${show(-value)}` : ` + ${show(value)}`;
