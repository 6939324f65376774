// By how much each tensor differs between the two, in the model's order; a tensor opens both matrices and their difference.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { Choice } from "../../components/Choice";
import { Matrix } from "../../components/Matrix";
import type { Graph } from "../../graph";
import { axisTitle, placeText } from "../../labels";
import { below, oneOf, optional, useLinked } from "../../linked";
import { show } from "../../numbers";
import { scaleOf, UNIT, type Scale } from "../../palette";
import type { Tensor } from "../../record";
import { go } from "../../store";
import { DERIVED, derivedGraph, type AxisLabels } from "../derived";
import { common, deltas, differences, type Difference } from "./differences";

interface Props {
  pair: readonly [Graph, Graph];
}

const MEASURES = ["relative", "mean", "largest"] as const;
type Measure = (typeof MEASURES)[number];

export function TensorDifferences({ pair: [a, b] }: Props) {
  const all = useMemo(() => differences(a, b), [a, b]);
  const [measure, setMeasure] = useLinked<Measure>("measure", oneOf(MEASURES), "relative");
  const [chosen, setChosen] = useLinked("difference", optional(oneOf(all.map(({ name }) => name))), null);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (row) list.current!.scrollTop = row.offsetTop - list.current!.clientHeight / 2;
  }, []);
  if (all.length === 0) {
    return <p class="note">No tensor of the two can be compared number by number: the names, the shapes or the tokens differ.</p>;
  }
  const most = Math.max(...all.map((one) => one[measure]));
  const name = chosen ?? all.reduce((x, y) => (y[measure] > x[measure] ? y : x)).name;
  return (
    <>
      <div class="controls">
        <Choice<Measure> label="Bars show" value={measure} options={[["relative", "mean |Δ| / mean size"], ["mean", "mean |Δ|"], ["largest", "largest |Δ|"]]} onChange={setMeasure} />
        <span class="muted">{all.length} tensors, longest bar {measure === "relative" ? rounded(most) : show(most)}</span>
      </div>
      <ol class="difference-list card" ref={list} aria-label="Differences of the tensors, in the model's order">
        {all.map((one) => <Row key={one.name} one={one} label={a.tensor(one.name).label} share={most ? one[measure] / most : 0} on={one.name === name} onChoose={() => setChosen(one.name)} />)}
      </ol>
      <Three key={name} a={a} b={b} name={name} />
    </>
  );
}

const rounded = (relative: number): string => `${(relative * 100).toFixed(1)} %`;

function Row({ one, label, share, on, onChoose }: { one: Difference; label: string; share: number; on: boolean; onChoose(): void }) {
  return (
    <li>
      <button aria-current={on ? "true" : undefined} onClick={onChoose}>
        <span><code>{one.name}</code> <bdi class="muted">{label}</bdi></span>
        <span class="bar"><span style={{ width: `${share * 100}%` }} /></span>
        <span class="both">
          {rounded(one.relative)} <span class="muted">of size</span> · {show(one.mean)} <span class="muted">mean</span> · {show(one.largest)} <span class="muted">largest</span>
        </span>
      </button>
    </li>
  );
}

/** Both matrices on one scale, and their difference. */
function Three({ a, b, name }: { a: Graph; b: Graph; name: string }) {
  const part = common(a, b, name)!;
  const { shape } = part;
  const heads = shape.length > 2 ? shape[0] : 1;
  const [head, setHead] = useLinked("head", below(heads), 0);
  const scale = sharedScale(a, b, part.a);
  const picture = useMemo(() => {
    const delta = deltas(a, b, part)!;
    const size = delta.length / heads;
    return derivedGraph(a, `Δ ${part.a.label}`, side(a, part.a, shape, -2), side(a, part.a, shape, -1), delta.slice(head * size, (head + 1) * size));
  }, [a, b, name, head]);
  const open = (trace: number) => (cell: number[]) => go({ trace, tensor: name, cell });
  const full = (index: number[]) => [...(shape.length > 2 ? [head] : []), ...index.slice(shape.length > 1 ? 0 : 1)];
  return (
    <>
      <h4><code>{name}</code></h4>
      {heads > 1 && (
        <div class="controls">
          <Choice label={axisTitle(part.a, 0)} value={String(head)} options={Array.from({ length: heads }, (_, i) => [String(i), String(i)] as const)}
            onChange={(value) => setHead(Number(value))} />
        </div>
      )}
      <div class="three">
        {[a, b].map((graph, i) => (
          <section key={i} class="card">
            <h5 class={i ? "second" : "first"}>{graph.label}</h5>
            <Matrix graph={graph} tensor={name} head={head} scale={scale} onOpen={open(i)} />
          </section>
        ))}
        <section class="card">
          <h5>{a.label} − {b.label}</h5>
          <Matrix graph={picture} tensor={DERIVED} scale={symmetric(picture)} onOpen={(index) => open(0)(full(index))} />
        </section>
      </div>
    </>
  );
}

function side(graph: Graph, tensor: Tensor, shape: readonly number[], from: -1 | -2): AxisLabels {
  const axis = shape.length + from;
  if (axis < 0) return { title: "", size: 1 };
  const size = shape[axis];
  const named = graph.trace.axes[tensor.axes[axis]]?.tokens || tensor.axes[axis] === "vocabulary";
  const labels = named ? Array.from({ length: size }, (_, i) => placeText(graph, tensor, axis, i)) : undefined;
  return { title: axisTitle(tensor, axis), size, labels };
}

function sharedScale(a: Graph, b: Graph, { op, name }: Tensor): Scale {
  if (op === "softmax") return UNIT;
  const [one, other] = [a, b].map((graph) => scaleOf(graph.values(name)!));
  const most = Math.max(one.most, other.most);
  return one.kind === "diverging" || other.kind === "diverging"
    ? { kind: "diverging", least: -most, most }
    : { kind: "sequential", least: Math.min(one.least, other.least), most };
}

function symmetric(picture: Graph): Scale {
  const { least, most } = scaleOf(picture.values(DERIVED)!);
  const size = Math.max(Math.abs(least), Math.abs(most));
  return { kind: "diverging", least: -size, most: size };
}
