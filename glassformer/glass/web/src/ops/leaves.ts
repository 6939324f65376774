// Tensors that no operation made.

import { described, type Op } from "./op";

const leaf = (made: string): Op => ({
  made: () => made,
  cells: () => [],
  value: () => () => NaN,
  describe: ({ operands }) => described(operands, "", ""),
  python: () => null,
});

export const LEAVES = { parameter: leaf("A learned parameter"), input: leaf("An input") };
