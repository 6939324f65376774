// A small matrix as a table: of fields to type in, or of numbers that explain themselves. What an edit moved is marked.

import { useEffect, useState } from "preact/hooks";
import { Num } from "../../components/Num";
import type { Graph } from "../../graph";
import { hasTokens, placeText } from "../../labels";
import { hasMoved, sizeOf } from "../../movement";
import { show } from "../../numbers";
import type { Tensor } from "../../record";
import { numberIn, refusal, setCells } from "./editing";

interface Props {
  graph: Graph;
  tensor: Tensor;
  title: string;
  editable?: boolean;
}

export function EditGrid({ graph, tensor, title, editable = false }: Props) {
  const [rows, columns] = tensor.shape;
  const values = graph.values(tensor.name);
  const before = graph.original(tensor.name);
  if (!values || !before) return null;
  const size = sizeOf(before);
  const moved = (flat: number) => graph.isChanged(tensor.name) && hasMoved(tensor, size, before[flat], values[flat]);
  const name = (axis: number, i: number) => (hasTokens(graph.trace, tensor, axis) ? placeText(graph, tensor, axis, i) : String(i));
  return (
    <div class="edit-grid">
      <table>
        <caption>{title}</caption>
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <tr key={row}>
              {hasTokens(graph.trace, tensor, 0) && <th scope="row"><bdi>{name(0, row)}</bdi></th>}
              {Array.from({ length: columns }, (_, column) => {
                const flat = row * columns + column;
                return (
                  <td key={column} class={moved(flat) ? "moved-cell" : ""} title={moved(flat) ? `was ${show(before[flat])}` : undefined}>
                    {editable
                      ? <Field graph={graph} tensor={tensor} flat={flat} label={`${tensor.label}, row ${name(0, row)}, column ${name(1, column)}`} />
                      : <Num graph={graph} tensor={tensor.name} index={[row, column]} />}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A number being typed is taken as soon as it is one; until then the field says that it is none. */
function Field({ graph, tensor, flat, label }: { graph: Graph; tensor: Tensor; flat: number; label: string }) {
  const value = graph.values(tensor.name)![flat];
  const [text, setText] = useState(shortest(value));
  // Undone, or set elsewhere: then the field follows.
  useEffect(() => setText((old) => (numberIn(old) === value ? old : shortest(value))), [value]);
  const wrong = refusal(graph, tensor, numberIn(text)) !== null;
  const type = (typed: string) => {
    setText(typed);
    if (!refusal(graph, tensor, numberIn(typed))) setCells(graph, tensor.name, [[flat, numberIn(typed)]]);
  };
  return (
    <input inputMode="decimal" aria-label={label} aria-invalid={wrong} value={text}
      onInput={(event) => type(event.currentTarget.value)} onBlur={() => wrong && setText(shortest(value))} />
  );
}

const shortest = (value: number): string => String(Number(value.toFixed(4))).replace("-", "−");
