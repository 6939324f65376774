// Rotary positions: nothing is added; every pair of a query's and a key's numbers is turned by an angle that grows
// with the place. Shift both and both turn alike: the score knows only how far apart they stand.

import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { blockOf, placeText } from "../labels";
import { below, between, oneOf, useLinked } from "../linked";
import { show } from "../numbers";
import { turn } from "../ops/angles";
import type { Tensor } from "../record";
import { last } from "../shapes";
import { Circle } from "./PositionsCircle";
import { OffsetCurve } from "./PositionsCurve";
import { speedOf, turnedScore } from "./positionMath";
import { Slider } from "./PositionsSlider";
import { wordFrom } from "./wordFrom";

const MOST_SHIFT = 30;

/** The attentions whose queries and keys are turned, with the tensors in question. */
interface Turned {
  readonly block: string;
  readonly query: Tensor; // before turning
  readonly key: Tensor;
  readonly queryTurned: Tensor;
  readonly keyTurned: Tensor;
  readonly scores: Tensor;
}

function turnedOf(graph: Graph): Turned[] {
  return graph.trace.tensors.filter(({ op }) => op === "matmul_transposed").flatMap((scores) => {
    const [queryTurned, keyTurned] = [graph.tensor(scores.operands.a), graph.tensor(scores.operands.b)];
    if (queryTurned.op !== "rotary" || keyTurned.op !== "rotary") return [];
    const [query, key] = [graph.tensor(queryTurned.operands.x), graph.tensor(keyTurned.operands.x)];
    return [{ block: blockOf(scores.name), query, key, queryTurned, keyTurned, scores }];
  });
}

export function PositionsRotary({ graph }: { graph: Graph }) {
  const all = turnedOf(graph);
  const [block, setBlock] = useLinked("of", oneOf(all.map((one) => one.block)), all[0].block);
  const turned = all.find((one) => one.block === block)!;
  const [head, setHead] = useLinked("head", below(turned.query.shape[0]), 0);
  return (
    <Frame title="Positions" lead="Attention itself knows no order, so this model turns its queries and keys: each pair of numbers is an arrow, and the further along its token stands, the further it is turned.">
      <div class="controls positions-controls">
        <Choice label="self-attention of" value={block} options={all.map((one) => [one.block, one.block.replace(".self_attention", "").replace(".", " ")] as const)} onChange={setBlock} />
        <Choice label="head" value={head} options={Array.from({ length: turned.query.shape[0] }, (_, i) => [i, String(i)] as const)} onChange={setHead} />
      </div>
      <Pair key={block} graph={graph} turned={turned} head={head} />
    </Frame>
  );
}


function Pair({ graph, turned: { query, key, queryTurned, keyTurned, scores }, head }: { graph: Graph; turned: Turned; head: number }) {
  const [, rows, width] = query.shape;
  const [pair, setPair] = useLinked("pair", below(width / 2), 0);
  const [i, setI] = useLinked("query", below(rows), wordFrom(graph.trace.axes[query.axes[1]], 3));
  const [j, setJ] = useLinked("key", below(key.shape[1]), wordFrom(graph.trace.axes[key.axes[1]], 1));
  const [shift, setShift] = useLinked("shift", between(0, MOST_SHIFT), 0);
  const base = Number(queryTurned.attributes.base);
  const keyHead = Math.floor(head / (query.shape[0] / key.shape[0])); // grouped queries share a key head
  const row = (tensor: Tensor, h: number, at: number) => graph.values(tensor.name)!.slice((h * tensor.shape[1] + at) * width, (h * tensor.shape[1] + at + 1) * width);
  const [q, k] = [row(query, head, i), row(key, keyHead, j)];
  const speed = speedOf(base, width, pair);
  const [a, b]: [number, number][] = [[q[2 * pair], q[2 * pair + 1]], [k[2 * pair], k[2 * pair + 1]]];
  const [place, other] = [i + Number(queryTurned.attributes.start) + shift, j + Number(keyTurned.attributes.start) + shift];
  const [at, bt] = [turn(a, place * speed), turn(b, other * speed)];
  const longest = Math.max(Math.hypot(...a), Math.hypot(...b)) || 1;
  const unit = ([x, y]: [number, number]) => [x / longest, y / longest] as const;
  const numbers = (tensor: Tensor, h: number, p: number) => [0, 1].map((c) => <Num key={c} graph={graph} tensor={tensor.name} index={[h, p, 2 * pair + c]} />);
  const word = (tensor: Tensor, p: number) => <bdi>{placeText(graph, tensor, 1, p)}</bdi>;
  const shiftedScore = turnedScore(q, k, place, other, base);
  return (
    <>
      <h3 class="positions-heading">One pair of numbers, turning</h3>
      <div class="positions-turning">
        <Circle label="the query's and the key's pair, before and after turning"
          arrows={[{ point: unit(a), kind: "first", text: "", faint: true }, { point: unit(b), kind: "second", text: "", faint: true },
            { point: unit(at), kind: "first", text: "q" }, { point: unit(bt), kind: "second", text: "k" }]} />
        <div>
          <div class="positions-sliders">
            <Slider label="query token" value={i} most={rows - 1} text={<>{word(query, i)}, place {i}</>} onChange={setI} />
            <Slider label="key token" value={j} most={key.shape[1] - 1} text={<>{word(key, j)}, place {j}</>} onChange={setJ} />
            <Slider label="pair of columns" value={pair} most={width / 2 - 1} text={<>{2 * pair}, {2 * pair + 1}: {show(speed)} radians a place</>} onChange={setPair} />
            <Slider label="move both by" value={shift} most={MOST_SHIFT} text={`${shift} places`} onChange={setShift} />
          </div>
          <dl class="positions-facts">
            <dt class="positions-first">query, as it was</dt><dd>{numbers(query, head, i)}</dd>
            <dt class="positions-first">turned, at place {i}</dt><dd>{numbers(queryTurned, head, i)}</dd>
            <dt class="positions-second">key, as it was</dt><dd>{numbers(key, keyHead, j)}</dd>
            <dt class="positions-second">turned, at place {j}</dt><dd>{numbers(keyTurned, keyHead, j)}</dd>
            <dt>this pair's part of the score{shift > 0 && `, both moved by ${shift}`}</dt><dd>{show(at[0] * bt[0] + at[1] * bt[1])}</dd>
            <dt>score of all {last(query.shape) / 2} pairs</dt><dd><Num graph={graph} tensor={scores.name} index={[head, i, j]} />{shift > 0 && <>; moved by {shift}: {show(shiftedScore)}</>}</dd>
          </dl>
          <p class="muted">The faint arrows are the pair before turning. Move both tokens: the arrows turn, the angle between them stays, and so does the score.</p>
        </div>
      </div>
      <h3 class="positions-heading">The score depends on the distance alone</h3>
      <p class="positions-claim">The same query ({word(query, i)}) and the same key ({word(key, j)}), if the key stood elsewhere: only its distance from the query counts. The dot is where it stands.</p>
      <OffsetCurve least={-Math.max(rows, 12)} most={Math.max(rows, 12)} at={j - i} value={(offset) => turnedScore(q, k, 0, offset, base)}
        number={<Num graph={graph} tensor={scores.name} index={[head, i, j]} />} />
    </>
  );
}
