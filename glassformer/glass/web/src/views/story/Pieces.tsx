// Step 1: the sentence cut into pieces of the vocabulary; a piece that is chosen here is followed through the next steps.

import type { Graph } from "../../graph";
import { counts, kindOf } from "../tokenFacts";
import { lineOf } from "../sentenceLine";
import { TokenLine } from "../TokenLine";

export function Pieces({ graph, row, onRow }: { graph: Graph; row: number; onRow(row: number): void }) {
  const axis = graph.trace.axes.source;
  const token = axis.tokens![row];
  const { words, tokens, special } = counts(axis);
  const known = graph.trace.axes.source_vocabulary?.size ?? graph.trace.axes.vocabulary?.size;
  return (
    <>
      <p>
        {counted(words, "word")} {words === 1 ? "becomes" : "become"} {counted(tokens, "piece")}{known && <> of the {known} that this model knows</>}
        {special > 0 && <>, and {special === 1 ? "a sign of its own that says where the sentence ends" : `${special} signs of its own`}</>}. Choose one to follow it.
      </p>
      <TokenLine line={lineOf(axis, false)} label="pieces of the sentence" selected={row} onSelect={(mark) => mark !== null && onRow(mark)} />
      {axis.typed !== undefined && <p class="muted">Typed was <q dir="auto">{axis.typed}</q>; the spelling of words that training never saw was corrected.</p>}
      {axis.read_as !== undefined && <p class="muted">It is read as <q dir="auto">{axis.read_as}</q>.</p>}
      <p><b><bdi>{token.text || token.piece}</bdi></b> is number <b>{token.id}</b> of the vocabulary. <span class="muted">{kindOf(token, axis.tokens![row - 1])}</span></p>
    </>
  );
}

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
