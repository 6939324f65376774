// One step's logits and what softmax makes of them at a temperature; what top-k and top-p would keep.

import { useMemo } from "preact/hooks";
import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Glossed } from "../components/Gloss";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { pieceText } from "../labels";
import { below, between, useLinked } from "../linked";
import { percent, show } from "../numbers";
import { pieceLabel } from "../pieces";
import type { Candidate, Step } from "../record";
import { evenChoices, hasColumn, outputs } from "./decoding/output";
import "./Layered.css";
import "./Logits.css";
import { keptBy, NO_TRUNCATION, TRUNCATION, TruncationControls } from "./Truncation";
import { allLogits, stepLogits, type StepLogits } from "./stepLogits";
import type { Range } from "../temperature";

const LEAD =
  "The last layer gives every token of the vocabulary a number, its logit; softmax turns them into probabilities. Move the temperature and look how the same logits become bold or cautious.";
const SHOWN = 10;

export function Logits({ graph }: { graph: Graph }) {
  const { steps } = graph.trace.decode!;
  const [at, setAt] = useLinked("step", below(steps.length), 0);
  const [temperature, setTemperature] = useLinked("temperature", between(COLDEST, HOTTEST), 1);
  const [cut, setCut] = useLinked("keep", TRUNCATION, NO_TRUNCATION);
  const all = useMemo(() => allLogits(graph), [graph, graph.edits.value, graph.patches.value]);
  const step = steps[at];
  if (!step) return <Frame title="Logits to probabilities" lead={LEAD}><p class="note">Nothing was decoded.</p></Frame>;
  const row = stepLogits(graph, all, step);
  const keeps = keptBy(row, cut, temperature);
  return (
    <Frame title="Logits to probabilities" lead={LEAD}>
      <div class="layered">
        <div class="controls">
          <Choice label="Step" value={at} options={steps.map(({ chosen }, i) => [i, `${i + 1}: ${label(chosen)}`] as const)} onChange={setAt} />
          <Temperature value={temperature} onChange={setTemperature} />
        </div>
        <section class="card">
          <h3>After reading <bdi>{step.read.text}</bdi></h3>
          <p class="formula">pᵢ = exp(lᵢ / T) / Σⱼ exp(lⱼ / T)</p>
          <Table graph={graph} row={row} step={step} temperature={temperature} keeps={keeps} />
          <Summary row={row} step={step} temperature={temperature} />
        </section>
        <TruncationControls row={row} cut={cut} temperature={temperature} keeps={keeps} onChange={setCut} />
      </div>
    </Frame>
  );
}

const label = ({ text, piece }: { text: string; piece: string }): string => text.trim() || pieceLabel(piece);

const [COLDEST, HOTTEST, NOTCH] = [0.1, 3, 0.05];

function Temperature({ value, onChange }: { value: number; onChange(value: number): void }) {
  return (
    <span class="choice">
      <label class="choice">
        Temperature T
        <input type="range" min={COLDEST} max={HOTTEST} step={NOTCH} value={value} onInput={(event) => onChange(Number(event.currentTarget.value))} />
      </label>
      <output>{value.toFixed(2)}</output>
      <button disabled={value === 1} onClick={() => onChange(1)}>T = 1</button>
    </span>
  );
}

interface Props {
  graph: Graph;
  row: StepLogits;
  step: Step;
  temperature: number;
}

function Table({ graph, row, step, temperature, keeps }: Props & { keeps: number | null }) {
  const best = row.best.slice(0, SHOWN);
  const ids = best.includes(step.chosen.id) ? best : [...best, step.chosen.id];
  const logits = ids.map((id) => row.logit(id));
  const [low, high] = [Math.min(0, ...logits), Math.max(0, ...logits)];
  const known = new Map([...step.candidates, step.chosen].map((one) => [one.id, one]));
  return (
    <div class="scroll">
      <table class="figures full logits">
        <thead>
          <tr><th scope="col">token</th><th scope="col">logit</th><td class="wide" /><th scope="col">probability at T = {temperature.toFixed(2)}</th><td class="wide" /></tr>
        </thead>
        <tbody>
          {ids.map((id, i) => {
            const p = row.probability(id, temperature);
            const out = keeps !== null && row.rank(id) >= keeps;
            return (
              <tr key={id} class={out ? "out" : ""}>
                <th scope="row"><Name graph={graph} id={id} known={known.get(id)} chosen={id === step.chosen.id} out={out} /></th>
                <td><Cell graph={graph} kind="logits" step={step} id={id} text={show(logits[i])} /></td>
                <td class="wide"><Span from={low} to={high} value={logits[i]} /></td>
                <td>{temperature === 1 ? <Cell graph={graph} kind="probabilities" step={step} id={id} text={percent(p.most)} /> : <Probability range={p} />}</td>
                <td class="wide"><span class="gauge warm both"><span style={{ width: `${100 * p.most}%` }} /><span class="sure" style={{ width: `${100 * p.least}%` }} /></span></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Name({ graph, id, known, chosen, out }: { graph: Graph; id: number; known?: Candidate; chosen: boolean; out: boolean }) {
  const piece = known?.piece ?? pieceText(graph.trace, id);
  return (
    <span class="logits-name" title={`${piece} · id ${id}`}>
      <Glossed trace={graph.recorded} token={{ piece, text: known ? label(known) : pieceLabel(piece) }} />
      {chosen && <span class="tag">taken</span>}
      {known?.forbidden && <span class="tag off" title="The search may never write this token">forbidden</span>}
      {out && <span class="tag off">cut off</span>}
    </span>
  );
}

/** The number as a cell that explains itself, where the record or the weights make it one. */
function Cell({ graph, kind, step, id, text }: { graph: Graph; kind: "logits" | "probabilities"; step: Step; id: number; text: string }) {
  const name = outputs(graph)?.[kind];
  return name && (hasColumn(graph, name, id) || graph.isChanged(name)) ? <Num graph={graph} tensor={name} index={[step.step, id]} text={text} /> : <>{text}</>;
}

/** A bar from 0 to a value, to the left if it is negative. */
function Span({ from, to, value }: { from: number; to: number; value: number }) {
  const place = (x: number) => (to === from ? 0 : (100 * (x - from)) / (to - from));
  const [start, end] = [place(Math.min(value, 0)), place(Math.max(value, 0))];
  return <span class="gauge"><span style={{ marginLeft: `${start}%`, width: `${end - start}%` }} /></span>;
}

/** Below this difference two bounds are one number to a reader. */
const CLOSE = 5e-5;

function Probability({ range: { least, most } }: { range: Range }) {
  return <>{most - least < CLOSE ? percent(most) : `${percent(least)} to ${percent(most)}`}</>;
}

function Summary({ row, step, temperature }: Omit<Props, "graph">) {
  const bits = row.entropy(temperature);
  const rank = row.rank(step.chosen.id);
  return (
    <>
      <p>
        The token taken is number <b>{rank + 1}</b> of {row.size}.{" "}
        {Number.isNaN(bits)
          ? <>The entropy at this temperature takes all logits, and this record keeps {row.best.length} candidates only; at T = 1 it is {show(step.entropy)} nats.</>
          : <>The entropy is <b>{show(bits)}</b> nats: as uncertain as an even choice among {evenChoices(bits).toFixed(2)}.</>}
      </p>
      {!row.exact && temperature !== 1 && (
        <p class="note">
          Without the weights not all {row.size} logits are known, only their sum at T = 1. So at other temperatures each probability
          is given by the bounds between which it must lie; the pale end of a bar is what is not known.
        </p>
      )}
    </>
  );
}
