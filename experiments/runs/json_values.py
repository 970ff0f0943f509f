"""Values as JSON has them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any


def plain(value: Any, *, decimals: int | None = None, digits: int | None = None) -> Any:
    """Data as JSON has it: no NaN, no numpy, frames as lists of rows; floats to so many decimals or significant digits."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        value = value.to_dict("records")
    if isinstance(value, dict):
        return {str(k): plain(v, decimals=decimals, digits=digits) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, decimals=decimals, digits=digits) for v in value]
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if decimals is not None:
            return round(value, decimals)
        return value if digits is None else float(f"{value:.{digits}g}")
    return value if value is None or isinstance(value, str | int | bool) else str(value)
