// Published numbers held against the computed ones: equal to their decimals, or a known mistake with its reason.

import type { ComponentChild } from "preact";
import type { Graph } from "../../graph";
import { show } from "../../numbers";
import type { Check } from "../../record";
import { Num } from "../../components/Num";
import "./Checks.css";

export function Checks({ graph, tensor }: { graph: Graph; tensor: string }) {
  const checks = graph.trace.checks.filter((check) => check.tensor === tensor);
  return <>{checks.map((check) => <OneCheck key={check.name} graph={graph} check={check} />)}</>;
}

function OneCheck({ graph, check }: { graph: Graph; check: Check }) {
  const { name, agrees, erratum, decimals, printed } = check;
  const verdict = agrees ? "agrees" : erratum ? "erratum" : "differs";
  return (
    <details class={`check ${verdict}`} open={verdict !== "agrees"}>
      <summary>
        <b><span aria-hidden="true">{SIGNS[verdict]}</span> {name}</b>{" "}
        {verdict === "agrees" && `as printed, to ${decimals === 0 ? "the whole number" : `${decimals} decimals`}`}
        {verdict === "erratum" && `erratum: ${erratum}.`}
        {verdict === "differs" && "differs from what is printed."}
      </summary>
      {printed.length > 0 && (
        <div class="check-matrices" tabIndex={0} role="group" aria-label={`${name}, printed and computed`}>
          <Printed check={check} />
          <Computed graph={graph} check={check} />
        </div>
      )}
    </details>
  );
}

const SIGNS = { agrees: "✓", erratum: "✎", differs: "≠" };

function Printed({ check: { printed, computed, decimals } }: { check: Check }) {
  return (
    <Rows title="printed" rows={printed} draw={(value, row, column) => {
      const same = Math.abs(value - computed[row]?.[column]) <= 0.5 * 10 ** -decimals + 1e-12;
      return same ? fixed(value, decimals) : <mark title="not what the formula gives">{fixed(value, decimals)}</mark>;
    }} />
  );
}

function Computed({ graph, check: { tensor: name, computed, decimals } }: { graph: Graph; check: Check }) {
  const { shape } = graph.tensor(name);
  const isTensor = shape.length === 2 && shape[0] === computed.length && shape[1] === computed[0]?.length;
  return (
    <Rows title="computed" rows={computed} draw={(value, row, column) => {
      const text = fixed(value, decimals);
      return isTensor ? <Num graph={graph} tensor={name} index={[row, column]} text={text} /> : text;
    }} />
  );
}

/** A number with as many decimals as were printed. */
const fixed = (value: number, decimals: number): string =>
  Number.isFinite(value) ? value.toFixed(decimals).replace("-", "−") : show(value);

interface RowsProps {
  title: string;
  rows: number[][];
  draw(value: number, row: number, column: number): ComponentChild;
}

const Rows = ({ title, rows, draw }: RowsProps) => (
  <table>
    <caption>{title}</caption>
    <tbody>
      {rows.map((row, r) => <tr key={r}>{row.map((value, c) => <td key={c}>{draw(value, r, c)}</td>)}</tr>)}
    </tbody>
  </table>
);
