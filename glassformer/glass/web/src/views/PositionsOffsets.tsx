// Why sines and cosines: a shift by k places turns every pair by the same angle wherever one starts, so the dot
// product of two places depends on how far apart they are and on nothing else.

import { useMemo } from "preact/hooks";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { below, pair as pairKind, useLinked } from "../linked";
import { show } from "../numbers";
import { divisorOf, turn } from "../ops/angles";
import { scaleOf, type Scale } from "../palette";
import type { Tensor } from "../record";
import { DerivedMap } from "./DerivedMap";
import { byOffset, pairOf, products, speedOf } from "./positionMath";
import { Circle } from "./PositionsCircle";
import { Slider } from "./PositionsSlider";

export function PositionsOffsets({ graph, tensor }: { graph: Graph; tensor: Tensor }) {
  if (tensor.shape[0] < 2) return null;
  return (
    <section aria-labelledby="offsets">
      <h3 id="offsets" class="positions-heading">Why distances come out</h3>
      <Turning graph={graph} tensor={tensor} />
      <Products graph={graph} tensor={tensor} />
    </section>
  );
}

function Turning({ graph, tensor }: { graph: Graph; tensor: Tensor }) {
  const [rows, width] = tensor.shape;
  const [pair, setPair] = useLinked("pair", below(width / 2), 0);
  const [from, setFrom] = useLinked("from", below(rows - 1), 0);
  const [offset, setOffset] = useLinked("offset", below(rows), 1);
  const { sine, cosine } = pairOf(tensor.attributes.layout, width, pair);
  const values = graph.values(tensor.name)!;
  const point = (p: number): [number, number] => [values[p * width + cosine], values[p * width + sine]];
  const speed = speedOf(Number(tensor.attributes.base), divisorOf(tensor.attributes, width), pair);
  const by = Math.min(offset, rows - 1 - from);
  const turned = turn(point(from), by * speed);
  const number = (p: number, column: number) => <Num graph={graph} tensor={tensor.name} index={[p, column]} />;
  return (
    <div class="positions-turning">
      <Circle label={`place ${from} and place ${from + by} on the circle of columns ${sine} and ${cosine}`}
        arrows={[{ point: point(from), kind: "first", text: `${from}` }, { point: point(from + by), kind: "second", text: `${from + by}` }]}
        arc={[Math.atan2(point(from)[1], point(from)[0]), by * speed]} />
      <div>
        <p>A sine and its cosine are a point on a circle. Going {by} {by === 1 ? "place" : "places"} on turns the point by {show(by * speed)} radians, wherever it starts.</p>
        <div class="positions-sliders">
          <Slider label="pair of columns" value={pair} most={width / 2 - 1} text={`${sine}, ${cosine}`} onChange={setPair} />
          <Slider label="from place p" value={from} most={rows - 2} onChange={setFrom} />
          <Slider label="offset k" value={by} most={rows - 1 - from} onChange={setOffset} />
        </div>
        <dl class="positions-facts">
          <dt class="positions-first">place {from}</dt><dd>cos {number(from, cosine)} sin {number(from, sine)}</dd>
          <dt>turned by {by} × {show(speed)}</dt><dd>cos {show(turned[0])}, sin {show(turned[1])}</dd>
          <dt class="positions-second">place {from + by}</dt><dd>cos {number(from + by, cosine)} sin {number(from + by, sine)}</dd>
        </dl>
      </div>
    </div>
  );
}

/** From the least, where all are positive: the products differ little, and the differences are the point. */
function scaleFrom(values: number[]): Scale {
  const scale = scaleOf(values);
  return scale.kind === "sequential" ? { ...scale, least: Math.min(...values) } : scale;
}

function Products({ graph, tensor }: { graph: Graph; tensor: Tensor }) {
  const [rows, width] = tensor.shape;
  const values = graph.values(tensor.name)!;
  const matrix = useMemo(() => products(values, rows, width), [values]);
  const offsets = useMemo(() => byOffset(matrix), [matrix]);
  const [[p, q], setCell] = useLinked("places", pairKind(below(rows), below(rows)), [0, 1]);
  const k = Math.abs(q - p);
  const scale = useMemo(() => scaleFrom(matrix.flat()), [matrix]);
  const names = matrix.map((_, i) => String(i));
  const spread = Math.max(...offsets.map(({ least, most }) => most - least));
  const n = rows - k;
  return (
    <>
      <p class="positions-claim">
        Dot products of the places with each other: along each diagonal, where the distance is the same, the colour is the same. Each two
        places {k} apart ({n} {n === 1 ? "pair" : "pairs"}) give {[...new Set([show(offsets[k].least), show(offsets[k].most)])].join(" to ")}; on no
        diagonal do two values differ by more than {show(spread)}.
      </p>
      <DerivedMap matrix={matrix} rows={names} columns={names} rowTitle="place p" columnTitle="place q" scale={scale} label="dot products of places"
        selected={[p, q]} onPick={(row, column) => setCell([row, column])} />
      <p class="positions-sliders inline">
        <Slider label="p" value={p} most={rows - 1} onChange={(value) => setCell([value, q])} />
        <Slider label="q" value={q} most={rows - 1} onChange={(value) => setCell([p, value])} />
      </p>
      <p class="formula">PE({p})·PE({q}) = {[0, 1].filter((c) => c < width).map((c) => (
        <span key={c}>{c > 0 && " + "}<Num graph={graph} tensor={tensor.name} index={[p, c]} />·<Num graph={graph} tensor={tensor.name} index={[q, c]} /></span>
      ))}{width > 2 && ` + … (${width} products)`} = {show(matrix[p][q])}</p>
    </>
  );
}
