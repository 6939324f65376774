// Sinusoidal positions ("Attention Is All You Need", section 3.5) and rotary ones (Su et al. 2021, section 3.2.2).

import { show } from "../numbers";
import { last } from "../shapes";
import { angle, divisorOf, positionPair, turn } from "./angles";
import { bracketed, columnOf, data, described, refs, symbol, type Attributes, type Node, type Op } from "./op";

/** The position that a row stands at. */
const positionOf = ({ start }: Attributes, row: number): number => Number(start ?? 0) + row;

const positions: Op = {
  made: () => "Sines and cosines of the positions",
  cells: () => [],
  value: ({ shape, attributes }) => (flat) => {
    const width = last(shape);
    const { pair, sine } = positionPair(flat % width, width, attributes.layout);
    const at = angle(positionOf(attributes, Math.floor(flat / width)), pair, divisorOf(attributes, width), Number(attributes.base));
    return sine ? Math.sin(at) : Math.cos(at);
  },
  describe({ index, shape, attributes }) {
    const [width, { base, layout }, p] = [last(shape), attributes, positionOf(attributes, index[0])];
    const { pair, sine } = positionPair(last(index), width, layout);
    const [wave, divisor] = [sine ? "sin" : "cos", divisorOf(attributes, width)];
    return described([], `${wave}(${p} / ${base}^(${2 * pair}/${divisor}))`, `${wave}(${show(angle(p, pair, divisor, Number(base)))})`);
  },
  python: () => null,
};

/** By which angle the point is turned that a cell is a coordinate of. */
export function angleAt({ attributes, shape }: Node, flat: number): number {
  const [rows, width] = shape.slice(-2);
  return angle(positionOf(attributes, Math.floor(flat / width) % rows), Math.floor((flat % width) / 2), width, Number(attributes.base));
}

/** Columns 2i and 2i + 1 are a point (a, b), turned by the position's angle. */
const rotary: Op = {
  made: () => "Pairs of columns turned by their position’s angle, of",
  cells: (_, flat) => refs("x", flat - (flat % 2), 2),
  value(node) {
    const x = data(node, "x");
    return (flat) => {
      const pair = flat - (flat % 2); // a row is of whole pairs
      return turn([x[pair], x[pair + 1]], angleAt(node, flat))[flat % 2];
    };
  },
  describe(cell) {
    const { index, shape, attributes, operands } = cell;
    const [width, pair, odd] = [last(shape), Math.floor(columnOf(cell) / 2), columnOf(cell) % 2 === 1];
    const position = positionOf(attributes, index[index.length - 2]);
    const at = angle(position, pair, width, Number(attributes.base));
    const [first, second] = odd ? [operands[1], operands[0]] : operands;
    const sign = odd ? "+" : "−";
    return described(
      operands,
      `${symbol(first)}·cos θ ${sign} ${symbol(second)}·sin θ,  θ = ${position} / ${attributes.base}^(${2 * pair}/${width})`,
      `${bracketed(first.value)}·${bracketed(Math.cos(at))} ${sign} ${bracketed(second.value)}·${bracketed(Math.sin(at))}`,
    );
  },
  python: () => null,
};

export const POSITIONS = { positions, rotary };
