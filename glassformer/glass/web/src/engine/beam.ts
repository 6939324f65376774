// Beam search in the page, as `search_beam` does it in Python (search/beam.py), and the tree that a record has of it
// (glass/beam_tree.py): every continuation that was considered, and what became of it.

import type { Axis, Beam, BeamNode, Trace } from "../record";
import { logSumExp } from "../temperature";
import { shown } from "../text/axis";
import type { Tokenizer } from "../text/tokenizer";
import { beginningOf, following, limitOf, startOf } from "./following";

/** A beginning of a translation: its last node in the tree. */
interface Path {
  readonly ids: readonly number[];
  readonly node: BeamNode;
}

/** Awaited after each step, with how many tokens are written; false ends the search. */
export type Pause = (length: number) => Promise<boolean>;

/** The beam of a sentence; null where `pause` ended it. */
export async function searchBeam(record: Trace, source: Axis, tokenizer: Tokenizer, width: number, pause: Pause): Promise<Beam | null> {
  const { end, forbidden, length_penalty } = record.translator!;
  const next = following(record, source, tokenizer);
  const most = limitOf(record, source.size);
  const penalty = (length: number) => (length ? ((5 + length) / 6) ** length_penalty : 1); // Wu et al. 2016, formula 14
  const nodes: BeamNode[] = [];
  const add = (parent: BeamNode | null, token: number, log_prob: number): BeamNode => {
    const [step, sum] = [parent ? parent.step + 1 : 0, (parent?.sum ?? 0) + log_prob];
    const piece = tokenizer.pieces[token];
    const at = { id: nodes.length, parent: parent?.id ?? null, step, token, piece, text: shown(piece) };
    nodes.push({ ...at, log_prob, sum, length: step, penalty: penalty(step), score: sum / penalty(step), state: "kept" });
    return nodes[nodes.length - 1];
  };
  const beginning = beginningOf(record);
  let live: Path[] = [{ ids: [], node: add(null, startOf(record), 0) }];
  let best: BeamNode | null = null; // of those that ended
  for (let length = 1; ; length++) {
    const found = live.flatMap(({ ids, node }) => likeliest(next(ids), forbidden, 2 * width, beginning[ids.length]).map(([token, log_prob]) => ({ ids: [...ids, token], parent: node, token, log_prob })));
    const continued = found.sort((one, other) => other.parent.sum + other.log_prob - one.parent.sum - one.log_prob).slice(0, 2 * width);
    const grown: Path[] = [];
    continued.forEach(({ ids, parent, token, log_prob }, place) => {
      const node = add(parent, token, log_prob);
      if (token !== end && grown.length < width) grown.push({ ids, node });
      else node.state = token === end && place < width ? "finished" : "pruned";
      if (node.state === "finished" && (!best || node.score > best.score)) best = node;
    });
    live = grown;
    // The highest score that a live path can reach: log-probabilities are never above 0 (Wu et al. 2016, section 7).
    const reach = live.length ? live[0].node.sum / penalty(length_penalty > 0 ? most : length + 1) : -Infinity;
    if (length >= most || reach <= ((best as BeamNode | null)?.score ?? -Infinity)) break;
    if (!(await pause(length))) return null;
  }
  for (let node: BeamNode | null = best ?? live[0].node; node; node = node.parent === null ? null : nodes[node.parent]) node.state = "best";
  return { width, length_penalty, nodes };
}

/** The likeliest tokens that may be said, or the one that must, with log-probabilities; of equally likely ones the lowest ids. */
function likeliest(logits: Float32Array, forbidden: readonly number[], most: number, forced: number | undefined): [id: number, log_prob: number][] {
  const total = logSumExp(logits);
  if (forced !== undefined) return [[forced, logits[forced] - total]];
  const allowed = Array.from(logits.keys()).filter((id) => !forbidden.includes(id) && logits[id] > -Infinity);
  return allowed.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, most).map((id) => [id, logits[id] - total]);
}
