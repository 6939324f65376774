// Python's difflib.SequenceMatcher.get_opcodes, without its junk: which stretches of two lists stand for each other.

export interface Opcode {
  readonly kind: "equal" | "replace" | "delete" | "insert";
  readonly one: readonly [start: number, end: number];
  readonly other: readonly [start: number, end: number];
}

type Block = readonly [one: number, other: number, size: number];

/** How the first list becomes the second, from beginning to end. */
export function opcodes(one: readonly string[], other: readonly string[]): Opcode[] {
  const found: Opcode[] = [];
  let [i, j] = [0, 0];
  for (const [a, b, size] of [...matching(one, other, [0, one.length], [0, other.length]), [one.length, other.length, 0] as Block]) {
    const kind = i < a && j < b ? "replace" : i < a ? "delete" : j < b ? "insert" : null;
    if (kind) found.push({ kind, one: [i, a], other: [j, b] });
    if (size) found.push({ kind: "equal", one: [a, a + size], other: [b, b + size] });
    [i, j] = [a + size, b + size];
  }
  return found;
}

type Span = readonly [start: number, end: number];

/** The longest stretch that both have, and so on to both sides of it; neighbours put together. */
function matching(one: readonly string[], other: readonly string[], [i, iEnd]: Span, [j, jEnd]: Span): Block[] {
  const [a, b, size] = longest(one, other, [i, iEnd], [j, jEnd]);
  if (size === 0) return [];
  const blocks = [...matching(one, other, [i, a], [j, b]), [a, b, size] as Block, ...matching(one, other, [a + size, iEnd], [b + size, jEnd])];
  return blocks.reduce<Block[]>((joined, [c, d, more]) => {
    const before = joined.at(-1);
    if (before && before[0] + before[2] === c && before[1] + before[2] === d) return [...joined.slice(0, -1), [before[0], before[1], before[2] + more]];
    return [...joined, [c, d, more]];
  }, []);
}

/** Of equally long ones that which begins first in the first list, then in the second. */
function longest(one: readonly string[], other: readonly string[], [i, iEnd]: Span, [j, jEnd]: Span): Block {
  let best: Block = [i, j, 0];
  for (let a = i; a < iEnd; a++) {
    for (let b = j; b < jEnd; b++) {
      let size = 0;
      while (a + size < iEnd && b + size < jEnd && one[a + size] === other[b + size]) size++;
      if (size > best[2]) best = [a, b, size];
    }
  }
  return best;
}
