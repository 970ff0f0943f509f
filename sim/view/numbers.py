"""Numbers as people read them: thousands apart, a true minus, no more figures than mean something.

Every page, figure and printed table formats its numbers with these functions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

NONE = "–"  # stands where there is no value
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of figures and tables: the ends of the middle 90 and 50 %, and the median


def number(value: float, digits: int = 0, signed: bool = False) -> str:
    """With so many decimals: "1,611", "−0.25", with `signed` "+2,294". Zero has no sign."""
    text = f"{abs(value):,.{digits}f}"
    if not float(text.replace(",", "")):
        return text
    return ("−" if value < 0 else "+" if signed else "") + text


def significant(value: float | None, digits: int = 3, signed: bool = False) -> str:
    """With so many significant figures at most, no trailing zeros: 0.0791, 24, 1,340, −3.5; beyond a billion, powers.

    A value that is None or not finite becomes a dash.
    """
    if value is None or not math.isfinite(value):
        return NONE
    if value and not 1e-6 <= abs(value) < 1e9:
        text = f"{abs(value):.{digits - 1}e}".replace("e-0", "e−").replace("e-", "e−").replace("e+0", "e").replace("e+", "e")
    else:
        places = 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{abs(value):,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    if text == "0":
        return text
    return ("−" if value < 0 else "+" if signed else "") + text


def brief(value: float) -> str:
    """Rounded to two figures, for words: 1.8, 24, 340, 1,100."""
    if value == 0 or not abs(value) < 1e15:
        return significant(value, 2)
    return significant(round(value, 1 - math.floor(math.log10(abs(value)))), 2)


def interval(low: float, high: float) -> str:
    """ "−82 to −60", both with the digits that the width of the interval deserves; "unknown" where an end is not finite."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "unknown"
    if high == low:
        return f"{significant(low)} to {significant(high)}"
    return f"{_rounded(low, low, high)} to {_rounded(high, low, high)}"


def mean_text(mean: float, low: float, high: float) -> str:
    """ "−71", signed, with the digits that its interval deserves."""
    if not (math.isfinite(low) and math.isfinite(high)) or high == low:
        return significant(mean, signed=True)
    return _rounded(mean, low, high, signed=True)


def share_text(value: float | None, signed: bool = False) -> str:
    """A share in percent, "24%", with a decimal below a tenth."""
    if value is None or not math.isfinite(value):
        return NONE
    return number(100 * value, 0 if abs(value) >= 0.1 or value == 0 else 1, signed) + "%"


def ranges_text(values: Iterable[int], to: str = "-") -> str:
    """Whole numbers in order, neighbors as a range: "1-3, 7, 9-10"."""
    ordered = sorted({int(v) for v in values})
    starts = [v for k, v in enumerate(ordered) if k == 0 or ordered[k - 1] != v - 1]
    ends = [v for k, v in enumerate(ordered) if k == len(ordered) - 1 or ordered[k + 1] != v + 1]
    return ", ".join(str(a) if a == b else f"{a}{to}{b}" for a, b in zip(starts, ends, strict=True))


def seeds_text(seeds: Iterable[int]) -> str:
    """ "seed 3", "seeds 1 to 64" or "seeds 1, 4, 9 to 12"; after six ranges "and 20 more"."""
    given = sorted({int(s) for s in seeds})
    if not given:
        return "no seed"
    ranges = ranges_text(given, " to ").split(", ")
    rest = len(given) - sum(1 + int(b or a) - int(a) for a, _, b in (r.partition(" to ") for r in ranges[:6]))
    return f"seed{'s' if len(given) > 1 else ''} {', '.join(ranges[:6])}" + (f" and {rest} more" if rest else "")


def _rounded(value: float, low: float, high: float, signed: bool = False) -> str:
    """A number known to an interval, with two figures of the interval's width."""
    digits = min(1 - math.floor(math.log10(abs(high - low))), 6)
    return number(round(value, digits), max(digits, 0), signed)
