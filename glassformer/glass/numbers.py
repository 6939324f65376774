"""How a number is written, the same in the terminal, in a formula and on the page (`web/src/numbers.ts`)."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

DECIMALS = 4
LARGE = 100_000  # from here on in powers of ten
SMALL = 0.001  # and below here
WIDE = Context(prec=400)  # digits: the largest number has 309 before its point
MINUS = "−"  # U+2212, as wide as a digit or a plus


def show(value: float) -> str:
    """`value` for reading: whole numbers plain, others with four decimals, very large or small ones as 1.234e−5.

    Halves are rounded away from zero, on the number's exact binary value.
    """
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size == int(size) and size < LARGE:
        text = str(int(value))
    elif SMALL <= size < LARGE:
        text = fixed(value, DECIMALS)
    else:
        text = _scientific(value)
    return text.replace("-", MINUS)


def fixed(value: float, decimals: int) -> str:
    """`value` with so many decimals, halves away from zero; with an ASCII minus."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, WIDE))


def _scientific(value: float) -> str:
    exact = Decimal(value)
    exponent = exact.adjusted()
    digits = exact.scaleb(-exponent).quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
    if abs(digits) >= 10:  # 9.9996 has become 10.000
        digits, exponent = Decimal("1.000").copy_sign(digits), exponent + 1
    return f"{digits}e{exponent}"
