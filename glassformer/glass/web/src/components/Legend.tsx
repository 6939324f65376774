// The scale of a heat map in colours and numbers, and what hatching means in it.

import { show } from "../numbers";
import { gradient, type Scale } from "../palette";
import { isDark } from "../store";
import type { Slice } from "./slice";

interface Props {
  scale: Scale;
  slice?: Slice;
  reasons?: readonly string[]; // why cells are hidden, where no slice tells
}

export function Legend({ scale, slice, reasons = slice?.masked ? reasonsOf(slice) : [] }: Props) {
  return (
    <span class="legend">
      {show(scale.least)}
      <span class="legend-bar" style={{ background: gradient(scale.kind, isDark.value) }} />
      {show(scale.most)}
      {reasons.length > 0 && <><span class="legend-hatch" /> masked: {reasons.join(", ")}</>}
    </span>
  );
}

function reasonsOf(slice: Slice): string[] {
  const reasons = new Set<string>();
  for (let row = 0; row < slice.rows; row++) {
    for (let column = 0; column < slice.columns; column++) {
      const why = slice.hidden(row, column);
      if (why) reasons.add(why);
    }
  }
  return [...reasons];
}
