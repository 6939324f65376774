// A map of effects as a table: each cell is an experiment that a click does. One tab stop; arrows move.

import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Graph } from "../../graph";
import type { Scale } from "../../palette";
import type { EffectMap } from "../../record";
import { isDark } from "../../store";
import { colours, written } from "./effects";
import { chosenPart, intervene } from "./intervening";
import { depthName, partId, partName } from "../../causes/parts";

interface Props {
  graph: Graph;
  map: EffectMap;
  scale: Scale;
  caption: ComponentChildren;
  columns: readonly ComponentChildren[];
  direct?: boolean; // the direct effects below the total ones
}

type Spot = readonly [row: number, column: number];

export function EffectTable({ graph, map, scale, caption, columns, direct = false }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const [[row, column], setSpot] = useState<Spot>([0, 0]);
  const onKey = (event: KeyboardEvent) => {
    const spot = destination(event.key, [row, column], map);
    if (!spot) return;
    event.preventDefault();
    setSpot(spot);
    table.current!.querySelectorAll<HTMLElement>("tbody tr")[spot[0]].querySelectorAll<HTMLElement>("button")[spot[1]].focus();
  };
  return (
    <div>
      <p class="effects-caption" id={`caption-${map.name}`}>{caption}</p>
      <div class="scroll">
        <table class="effects" ref={table} onKeyDown={onKey} aria-labelledby={`caption-${map.name}`}>
          <thead><tr><td />{columns.map((name, i) => <th key={i} scope="col">{name}</th>)}</tr></thead>
          <tbody>
            {map.rows.map((name, r) => (
              <tr key={name}>
                <th scope="row">{map.columns === "source" || map.columns === "target" ? depthName(name) : name}</th>
                {map.total[r].map((_, c) => (
                  <td key={c}><Cell graph={graph} map={map} scale={scale} at={[r, c]} direct={direct} tab={r === row && c === column} onFocus={() => setSpot([r, c])} /></td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

interface CellProps extends Pick<Props, "graph" | "map" | "scale"> {
  at: Spot;
  direct: boolean;
  tab: boolean;
  onFocus(): void;
}

function Cell({ graph, map, scale, at: [row, column], direct, tab, onFocus }: CellProps) {
  const cause = graph.recorded.cause!;
  const part = { map, row, column };
  const effect = map.total[row][column];
  const id = partId(part);
  const on = useMemo(() => computed(() => chosenPart() === id), [id]).value; // so that a click draws two cells anew, not all
  const straight = direct ? map.direct[row][column] : null;
  const numbers = effect === null ? "nothing corresponds to it" : `${written(cause, effect)}${straight === null ? "" : ` ${written(cause, straight)} direct`}`;
  const name = `${numbers}: ${partName(graph.recorded, part)}`;
  return (
    <button class={`effect ${on ? "on" : ""}`} style={effect === null ? undefined : colours(scale, effect, isDark.value)}
      aria-label={name} title={name} aria-pressed={on} aria-disabled={effect === null}
      tabIndex={tab ? 0 : -1} onFocus={onFocus} onClick={() => effect !== null && intervene(part)}>
      {effect === null ? "·" : written(cause, effect)}
      {straight !== null && <small> {written(cause, straight)}</small>}
    </button>
  );
}

/** Where a key leads in the table; null if it is not one that moves. */
function destination(key: string, [row, column]: Spot, { total }: EffectMap): Spot | null {
  const to = (r: number, c: number): Spot => {
    const inside = Math.min(Math.max(r, 0), total.length - 1);
    return [inside, Math.min(Math.max(c, 0), total[inside].length - 1)];
  };
  switch (key) {
    case "ArrowUp": return to(row - 1, column);
    case "ArrowDown": return to(row + 1, column);
    case "ArrowLeft": return to(row, column - 1);
    case "ArrowRight": return to(row, column + 1);
    case "Home": return to(row, 0);
    case "End": return to(row, total[row].length - 1);
    default: return null;
  }
}
