// Attention as ribbons between words. Kind, layer and head stand in the address, so that a finding has a link.

import { useMemo, useState } from "preact/hooks";
import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Matrix } from "../components/Matrix";
import { rowTitle } from "../components/slice";
import type { Graph } from "../graph";
import { axisTitle, maskOf } from "../labels";
import { below, between, oneOf, optional, pair, useLinked, YES_OR_NO } from "../linked";
import { MASK_REASONS } from "../ops/mask";
import { UNIT } from "../palette";
import { last } from "../shapes";
import { choosing, go, place } from "../store";
import "./Attention.css";
import { AttentionArcs, type Chosen } from "./AttentionArcs";
import { AttentionReading } from "./AttentionReading";
import { blockText, grouped, headsOf, kindsOf, mean, pickOf, sheetsOf, weightsOf, type Kind, type Pick } from "./attentionWeights";
import { DerivedMap } from "./DerivedMap";
import { AttentionGuidance } from "./AttentionGuidance";
import { hasLongWords, lineOf, stepNames, writtenLine, type Line } from "./sentenceLine";

export function Attention({ graph }: { graph: Graph }) {
  const kinds = useMemo(() => kindsOf(graph.trace), [graph]);
  const pick = pickOf(place.value.block, kinds);
  const kind = kinds.find(({ id }) => id === pick.kind)!;
  const choose = (change: Partial<Pick>) => go({ block: blockText({ ...pick, ...change }), cell: null });
  const numbered = (count: number, all: string) =>
    [["all", all] as const, ...Array.from({ length: count }, (_, i) => [String(i), String(i)] as const)];
  const asNumber = (value: string) => (value === "all" ? null : Number(value));
  return (
    <Frame title="Attention" lead="Which word looks at which: the wider the ribbon, the larger the weight. The weights of one word that looks sum to 1.">
      <div class="controls attention-controls">
        <Choice label="who looks where" value={kind.id} options={kinds.map(({ id, title }) => [id, title] as const)}
          onChange={(id) => go({ block: blockText({ kind: id, layer: null, head: null }), cell: null, choices: choosing("word", null) })} />
        {kind.layers.length > 1 && (
          <Choice label="layer" value={String(pick.layer ?? "all")} options={numbered(kind.layers.length, "mean")}
            onChange={(value) => choose({ layer: asNumber(value) })} />
        )}
        {headsOf(kind.layers[0]) > 1 && (
          <Choice label="head" value={String(pick.head ?? "all")} options={numbered(headsOf(kind.layers[0]), "mean")}
            onChange={(value) => choose({ head: asNumber(value) })} />
        )}
      </div>
      <Words key={kind.id} graph={graph} kind={kind} pick={pick} />
    </Frame>
  );
}

function Words({ graph, kind, pick }: { graph: Graph; kind: Kind; pick: Pick }) {
  const tensor = kind.layers[0];
  const [queryAxis, keyAxis] = [-2, -1].map((at) => graph.trace.axes[tensor.axes.at(at)!]);
  const [merge, setMerge] = useLinked("whole_words", YES_OR_NO, true);
  const [threshold, setThreshold] = useLinked("hide_below", between(0, 0.5), 0.05);
  const [word, setWord] = useLinked("word", optional(pair(oneOf<Chosen["side"]>(["query", "key"]), below(Math.max(queryAxis.size, keyAxis.size)))), null);
  const [hovered, setHovered] = useState<Chosen | null>(null);
  const written = useMemo(() => (tensor.axes.at(-2) === "target" ? writtenLine(graph.trace, merge) : null), [graph, kind, merge]);
  const lines = useMemo(() => ({ queries: written ?? lineOf(queryAxis, merge), keys: lineOf(keyAxis, merge) }), [written, queryAxis, keyAxis, merge]);
  const sheets = sheetsOf(kind, pick);
  const values = sheets.map((sheet) => weightsOf(graph, sheet));
  const groups = ({ marks }: Line) => marks.map(({ cells }) => cells);
  const weights = grouped(mean(values), last(tensor.shape), groups(lines.queries), groups(lines.keys));
  const chosen = word && markOf(lines, ...word);
  const setChosen = (one: Chosen | null) => setWord(one && [one.side, lines[SIDES[one.side]].marks[one.mark].cells[0]]);
  const shown = hovered ?? chosen;
  const read = (mark: number) => (written ? (written.marks[mark - 1]?.text ?? queryAxis.tokens![0].text) : null);
  const rows = written ? stepNames(written, queryAxis.tokens![0].text) : lines.queries.marks.map(({ text }) => text);
  const hidden = useMemo(() => hiddenIn(graph, tensor.name, lines), [graph, tensor, lines, graph.edits.value]);
  return (
    <>
      <div class="controls attention-controls">
        {(hasLongWords(queryAxis) || hasLongWords(keyAxis)) && (
          <label class="choice"><input type="checkbox" checked={merge} onChange={(event) => { setMerge(event.currentTarget.checked); setHovered(null); }} /> whole words</label>
        )}
        <label class="choice">
          hide below <output>{threshold.toFixed(2)}</output>
          <input class="attention-threshold" type="range" min="0" max="0.5" step="0.01" value={threshold} aria-label="hide weights below" onInput={(event) => setThreshold(Number(event.currentTarget.value))} />
        </label>
      </div>
      <div class="attention-words"><div class="attention-grid">
      <AttentionArcs {...lines} queryTitle={`${axisTitle(tensor, tensor.shape.length - 2)}, who looks${written ? ": each word at the step that writes it" : ""}`} keyTitle={`${axisTitle(tensor, tensor.shape.length - 1)}, what is looked at`}
        weights={weights} threshold={threshold} chosen={chosen} shown={shown} onChoose={setChosen} onHover={setHovered} />
      {shown ? <AttentionReading key={`${shown.side} ${shown.mark}`} graph={graph} sheets={sheets} {...lines} weights={weights} chosen={shown} read={read} /> : <AttentionGuidance tensor={tensor} written={written !== null} editable={graph.trace.meta.detail === "full+weights"} />}
      </div></div>
      {weights.every((row) => row.every((weight) => weight < threshold)) && (
        <p class="note">No weight here reaches {threshold.toFixed(2)}: move the slider to the left to see smaller ones.</p>
      )}
      <h3 class="attention-heading">The same as a heat map</h3>
      {sheets.length === 1 && isPlain(lines)
        ? <Matrix graph={graph} tensor={sheets[0].tensor.name} head={sheets[0].head ?? 0} scale={UNIT} />
        : <DerivedMap matrix={weights} rows={rows} hidden={hidden} columns={lines.keys.marks.map(({ text }) => text)}
            rowTitle={rowTitle(graph, tensor, tensor.shape.length - 2)} columnTitle={axisTitle(tensor, tensor.shape.length - 1)} scale={UNIT} label="attention weights"
            selected={[chosen?.side === "query" ? chosen.mark : null, chosen?.side === "key" ? chosen.mark : null]}
            onPick={(mark) => setChosen({ side: "query", mark })} />}
    </>
  );
}

/** Why the mask hides what stands in a row and a column; null where it does not hide all of it. */
function hiddenIn(graph: Graph, name: string, { queries, keys }: Lines): (row: number, column: number) => string | null {
  const tensor = graph.tensor(name);
  const maskName = maskOf(graph, tensor);
  const mask = maskName === null ? null : graph.values(maskName);
  const width = last(tensor.shape);
  return (row, column) => {
    const cells = queries.marks[row].cells.flatMap((query) => keys.marks[column].cells.map((key) => mask?.[query * width + key] ?? 0));
    return cells.every((reason) => reason !== 0) ? MASK_REASONS[cells[0]] : null;
  };
}

const SIDES = { query: "queries", key: "keys" } as const;

/** The word that stands for a row (or column) of the weights. */
function markOf(lines: { queries: Line; keys: Line }, side: Chosen["side"], cell: number): Chosen | null {
  const mark = lines[SIDES[side]].marks.findIndex(({ cells }) => cells.includes(cell));
  return mark < 0 ? null : { side, mark };
}

interface Lines {
  readonly queries: Line;
  readonly keys: Line;
}

/** Whether every mark is the row or column of its own place, so that the tensor itself shows the same. */
const isPlain = ({ queries, keys }: Lines): boolean =>
  [queries, keys].every(({ marks }) => marks.every(({ cells }, i) => cells.length === 1 && cells[0] === i));
