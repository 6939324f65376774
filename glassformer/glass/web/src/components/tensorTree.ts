// The record's tensors as a tree: stack, layer, sublayer.

import { sublayerOf } from "../labels";
import type { Tensor } from "../record";

export interface Branch {
  readonly name: string; // "encoder.0.self_attention"
  readonly items: (Branch | Tensor)[];
}

export const isBranch = (item: Branch | Tensor): item is Branch => "items" in item;

/**
 * Tensors by block, blocks inside their layer, layers inside their stack; in the order in which they are made, so that
 * a block which others are made in the midst of (a residual connection) has a second part. Alone, a tensor needs no block.
 */
export function treeOf(tensors: readonly Tensor[]): Branch {
  const root: Branch = { name: "", items: [] };
  for (let from = 0; from < tensors.length; ) {
    const block = sublayerOf(tensors[from].name);
    let end = from + 1;
    while (end < tensors.length && sublayerOf(tensors[end].name) === block) end++;
    const alone = end - from === 1 || block === "encoder" || block === "decoder"; // as the masks of a stack
    const path = pathTo(block).slice(0, alone ? -1 : undefined);
    path.reduce(within, root).items.push(...tensors.slice(from, end));
    from = end;
  }
  return root;
}

const pathTo = (block: string): string[] => block.split(".").map((_, i, parts) => parts.slice(0, i + 1).join("."));

/** The branch of that name where it was the last to be added to, else a new one. */
function within({ items }: Branch, name: string): Branch {
  const latest = items.at(-1);
  if (latest && isBranch(latest) && latest.name === name) return latest;
  const made: Branch = { name, items: [] };
  items.push(made);
  return made;
}
