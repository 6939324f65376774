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
    size = abs(value)
    if not math.isfinite(value):
        text = _no_number(value)
    elif size == int(size) and size < LARGE:
        text = str(int(value))
    elif SMALL <= size < LARGE:
        text = fixed(value, DECIMALS)
    else:
        text = _scientific(value)
    return text.replace("-", MINUS)


def fixed(value: float, decimals: int) -> str:
    """`value` with so many decimals, halves away from zero; with an ASCII minus."""
    if not math.isfinite(value):
        return _no_number(value)
    return str(Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, WIDE))


def signed(value: float, decimals: int = 2) -> str:
    """`value` with so many decimals, and a sign that is as wide as a digit; never a negative zero."""
    text = fixed(value, decimals)
    return text.replace("-", MINUS if text.strip("-0.") else "")


def _no_number(value: float) -> str:
    """Of a sum or a quotient of numbers too large for it."""
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"


def _scientific(value: float) -> str:
    exact = Decimal(value)
    exponent = exact.adjusted()
    digits = exact.scaleb(-exponent).quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
    if abs(digits) >= 10:  # 9.9996 has become 10.000
        digits, exponent = Decimal("1.000").copy_sign(digits), exponent + 1
    return f"{digits}e{exponent}"
