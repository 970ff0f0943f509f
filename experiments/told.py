"""Figures as printed tables and JSON tell them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

DIGITS = 3  # significant


def figure(value: Any, signed: bool = False) -> str:
    """A number with three significant digits, thousands apart; "-" for none."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size > 11:
        return f"{value:{'+' if signed else ''}.{DIGITS - 1}e}"
    places = max(DIGITS - 1 - size, 0)
    text = f"{value:{'+' if signed else ''},.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval_text(low: float, high: float) -> str:
    """An interval's ends; "-" where there is none."""
    return "-" if not (math.isfinite(low) and math.isfinite(high)) else f"{figure(low)} to {figure(high)}"


def share_text(value: float) -> str:
    """A share in percent; "-" for none."""
    return (
        "-"
        if value is None or not math.isfinite(value)
        else f"{value:.0%}"
        if abs(value) >= 0.1 or value == 0
        else f"{value:.1%}"
    )


def plain(value: Any) -> Any:
    """Data as JSON knows it: no NaN, no numpy, frames as lists of rows."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
