// When was each word learned? The probability of the final translation's tokens, trace by trace.

import { percent } from "../../numbers";
import { fill, inkOn, UNIT } from "../../palette";
import { go, isDark } from "../../store";
import { Num } from "../../components/Num";
import { hasColumn, outputs } from "../decoding/output";
import { chance, stepsOf, type Probe } from "./probes";

export function Words({ list, at }: { list: readonly Probe[]; at: number }) {
  const final = list[list.length - 1].graph.trace;
  return (
    <div class="learned" tabIndex={0} role="group" aria-label="Probability of each token, validation by validation">
      <table>
        <thead>
          <tr><th scope="col">token</th>{list.map(({ graph, index }, i) => <th key={index} scope="col" aria-current={i === at ? "true" : undefined}>{graph.label}</th>)}</tr>
        </thead>
        <tbody>
          {stepsOf(final).map(({ chosen }, step) => (
            <tr key={step}>
              <th scope="row"><bdi>{chosen.text}</bdi></th>
              {list.map((probe) => <Cell key={probe.index} probe={probe} step={step} id={chosen.id} value={chance(probe.graph.trace, final, step)} />)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  probe: Probe;
  step: number;
  id: number;
  value: ReturnType<typeof chance>;
}

function Cell({ probe: { graph, index }, step, id, value }: CellProps) {
  if (value === "elsewhere") return <td class="elsewhere" title="It had written something else before this token">–</td>;
  if (value === "unlisted") return <td title="Less probable than all candidates that the record keeps">rare</td>;
  const style = { background: fill(UNIT, value, isDark.value), color: inkOn(UNIT, value, isDark.value) };
  const tensor = outputs(graph)?.probabilities;
  const linked = tensor !== undefined && hasColumn(graph, tensor, id);
  return (
    <td style={style}>
      {linked
        ? <Num graph={graph} tensor={tensor} index={[step, id]} text={percent(value)} onOpen={(name, cell) => go({ trace: index, tensor: name, cell })} />
        : percent(value)}
    </td>
  );
}
