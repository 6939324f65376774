// The likeliest next tokens of one step, as bars. Each number opens its cell where the record carries it.

import { Glossed } from "../../components/Gloss";
import type { Graph } from "../../graph";
import { percent, show } from "../../numbers";
import type { Candidate, Step } from "../../record";
import { Num } from "../../components/Num";
import { hasColumn, outputs } from "./output";
import "./Candidates.css";

interface Props {
  graph: Graph;
  step: Step;
  tone?: "first" | "second";
  onOpen?(tensor: string, index: readonly number[]): void; // where the cell is not of the trace that is open
}

export function Candidates({ graph, step, tone = "first", onOpen }: Props) {
  const listed = step.candidates.some(({ id }) => id === step.chosen.id) ? step.candidates : [...step.candidates, step.chosen];
  return (
    <table class={`candidates ${tone}`}>
      <thead>
        <tr><th scope="col">token</th><th scope="col">probability</th><th scope="col" class="right">logit</th></tr>
      </thead>
      <tbody>
        {listed.map((one) => <Row key={one.id} graph={graph} step={step} one={one} onOpen={onOpen} />)}
      </tbody>
    </table>
  );
}

function Row({ graph, step, one, onOpen }: Omit<Props, "tone"> & { one: Candidate }) {
  const chosen = one.id === step.chosen.id;
  const at = outputs(graph);
  const number = (tensor: string | undefined, text: string) =>
    tensor && hasColumn(graph, tensor, one.id)
      ? <Num graph={graph} tensor={tensor} index={[step.step, one.id]} text={text} onOpen={onOpen} />
      : <span class="unlinked">{text}</span>;
  return (
    <tr class={chosen ? "chosen" : ""}>
      <th scope="row">
        <span class="piece-name" dir="auto"><Glossed trace={graph.recorded} token={one} /></span>
        {chosen && <span class="badge">taken</span>}
        {one.forbidden && <span class="badge off" title="The search may never write this token">forbidden</span>}
      </th>
      <td>
        <span class="bar"><span style={{ width: `${one.probability * 100}%` }} /></span>
        {number(at?.probabilities, percent(one.probability))}
      </td>
      <td class="right">{number(at?.logits, show(one.logit))}</td>
    </tr>
  );
}
