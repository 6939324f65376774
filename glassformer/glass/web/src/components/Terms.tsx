// The terms that make a cell: factors, what each contributes, and a bar for its size. Long sums show their largest first.

import { useState } from "preact/hooks";
import type { Explanation, Operand, Term } from "../explain";
import type { Graph } from "../graph";
import { cellName, hasTokens, placeText } from "../labels";
import { show } from "../numbers";
import { cellSymbol } from "../ops/op";
import { openCell } from "../store";
import { Choice } from "./Choice";

const FIRST = 20; // terms shown before all are asked for
const FEW = 3; // up to here a term is called by its cell, not by its token
const LONG = 40; // sums from here on begin with their largest terms

export function Terms({ graph, it: { terms, termName, sums, leftOut = 0 } }: { graph: Graph; it: Explanation }) {
  const [order, setOrder] = useState<"formula" | "size">(terms.length > LONG ? "size" : "formula");
  const [all, setAll] = useState(terms.length <= LONG);
  if (terms.length === 0) return null;
  const numbered = terms.map((term, k) => ({ term, k }));
  if (order === "size") numbered.sort((a, b) => weight(b.term) - weight(a.term));
  const shown = all ? numbered : numbered.slice(0, FIRST);
  const largest = Math.max(...terms.map(weight)) || 1;
  const plain = terms.every(({ factors, value }) => factors.length === 1 && Object.is(factors[0].value, value));
  return (
    <section class="terms" aria-label="Terms">
      {terms.length > 2 && (
        <Choice label="Terms" value={order} onChange={setOrder} options={[["formula", "in order"], ["size", "largest first"]]} />
      )}
      <table>
        <thead><tr><th scope="col"><span class="sr">term</span></th><th scope="col">{plain ? "operand" : "from"}</th>{!plain && <th scope="col">{termName}</th>}{sums && <th scope="col"><span class="sr">size</span></th>}</tr></thead>
        <tbody>
          {shown.map(({ term, k }) => (
            <tr key={k}>
              <th scope="row">{rowName(graph, term, k, terms.length > FEW)}</th>
              <td>{term.factors.map((one, i) => [i > 0 && " · ", <OperandButton key={i} graph={graph} operand={one} />])}</td>
              {!plain && <td class="number">{show(term.value)}</td>}
              {sums && <td class="term-bar"><Bar share={term.value / largest} /></td>}
            </tr>
          ))}
        </tbody>
      </table>
      {!all && <button onClick={() => setAll(true)}>Show all {terms.length} {leftOut ? "that the record keeps" : "terms"}</button>}
      {leftOut > 0 && <LeftOut kept={terms} leftOut={leftOut} />}
    </section>
  );
}

/** Of a row of probabilities: how many terms the record does not carry, and what they come to. */
function LeftOut({ kept, leftOut }: { kept: readonly Term[]; leftOut: number }) {
  const rest = Math.max(1 - kept.reduce((sum, { value }) => sum + value, 0), 0);
  return (
    <p class="note">
      The record keeps {kept.length} of the {kept.length + leftOut} tokens. The {leftOut} others are left out here, not in the sum: together
      they have a probability of {show(rest)}. <code>--detail full+weights</code> carries what computes them.
    </p>
  );
}

const weight = ({ value }: Term): number => (Number.isFinite(value) ? Math.abs(value) : 0);

/** A term's name: the token it belongs to, or which operand it is, or its number. */
function rowName(graph: Graph, { factors: [{ tensor, index, role, label }, second] }: Term, k: number, many: boolean) {
  const axis = index.length - 1;
  const byToken = hasTokens(graph.trace, tensor, axis) && (second || (many && role === "x"));
  if (byToken) return <bdi>{placeText(graph, tensor, axis, index[axis])}</bdi>;
  return second ? k : <bdi>{cellSymbol({ label }, index)}</bdi>;
}

function OperandButton({ graph, operand: { tensor, index, value } }: { graph: Graph; operand: Operand }) {
  return (
    <button class="num" title={`${tensor.name}[${index.join(",")}]`} aria-label={cellName(graph, tensor, index, value)} onClick={() => openCell(tensor.name, index)}>
      {Number.isNaN(value) ? "not carried" : show(value)}
    </button>
  );
}

/** From the middle, to the right for positive and to the left for negative contributions. */
function Bar({ share }: { share: number }) {
  if (!Number.isFinite(share)) return null;
  const length = Math.abs(share) * 50;
  return <span class={`term-fill ${share < 0 ? "negative" : "positive"}`} style={{ width: `${length}%`, left: share < 0 ? `${50 - length}%` : "50%" }} />;
}
