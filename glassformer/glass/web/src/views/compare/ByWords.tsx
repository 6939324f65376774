// Where each model looked, word by word: comparable even where the two cut the sentence into different tokens.

import { Matrix } from "../../components/Matrix";
import type { Graph } from "../../graph";
import { UNIT } from "../../palette";
import { go } from "../../store";
import { grouped } from "../attentionWeights";
import { attention, EVERYWHERE, strongest } from "../decoding/attention";
import { DERIVED, derivedGraph } from "../derived";
import { stepNames, writtenLine } from "../sentenceLine";
import { words } from "./differences";

export function ByWords({ pair }: { pair: readonly [Graph, Graph] }) {
  return (
    <div class="three">
      {pair.map((graph, i) => (
        <section key={i} class="card">
          <h4 class={i ? "second" : "first"}>{graph.label}</h4>
          <One graph={graph} trace={i} />
        </section>
      ))}
    </div>
  );
}

function One({ graph, trace }: { graph: Graph; trace: number }) {
  const weights = attention(graph, EVERYWHERE);
  if (!weights) return <p class="note">This record has no attention from the target to the source.</p>;
  const { source, target } = graph.trace.axes;
  const columns = words(source);
  const written = writtenLine(graph.trace, true);
  const names = written && stepNames(written, target.tokens![0].text);
  const rows = written ? written.marks.map(({ cells }, i) => ({ label: names![i], tokens: [...cells] })) : words(target);
  const matrix = grouped(weights, source.size, rows.map(({ tokens }) => tokens), columns.map(({ tokens }) => tokens));
  const side = (title: string, list: typeof rows) => ({ title, size: list.length, labels: list.map(({ label }) => label) });
  const picture = derivedGraph(graph, "mean attention", side(written ? "reads → writes" : "word read", rows), side("source word", columns), Float64Array.from(matrix.flat()));
  return (
    <Matrix graph={picture} tensor={DERIVED} scale={UNIT} onOpen={([row, column]) => {
      const [tensor, cell] = strongest(graph, EVERYWHERE, rows[row].tokens, columns[column].tokens);
      go({ trace, tensor, cell });
    }} />
  );
}
