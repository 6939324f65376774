// The mask: what may not be attended to becomes −∞, and why it may not.

import { literals, pointwise } from "./elementwise";
import { described, symbol, type Op } from "./op";

/** Why a masked cell is not seen, by the mask's number; null where it is. */
export const FUTURE = 2; // the place of that reason
export const MASK_REASONS: readonly (string | null)[] = [null, "padding", "future", "padding and future"];

const mask: Op = {
  made: () => "What may not be seen becomes −∞; from",
  ...pointwise(["x", "mask"], (x, reason) => (reason === 0 ? x : -Infinity)),
  describe: ({ operands }) => {
    const reason = operands[1].value;
    const numbers = reason === 0 ? "seen" : `hidden: ${MASK_REASONS[reason]}`;
    return described(operands, `${symbol(operands[0])} where the mask lets it be seen, else −∞`, numbers);
  },
  python(cell) {
    const [x, reason] = literals(cell);
    return [[], `${x} if ${reason} == 0 else float("-inf")`];
  },
};

export const MASK = { mask };
