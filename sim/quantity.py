"""Measured numbers with a physical unit: how the model declares its parameters.

A parameter is declared once, beside the rule that uses it, with `quantity(...)`. That one line validates input, names
the TOML key, bounds a sweep, makes a slider and fills the parameter table.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from sim.errors import InputError

Role = Literal["lever", "uncertainty", "numeric"]


class Parameters(BaseModel):
    """A frozen group of quantities; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def quantity(
    default: Any,
    unit: str,
    *,
    low: float | None = None,
    high: float | None = None,
    doc: str,
    fact: str,
    role: Role = "uncertainty",
    short: str | None = None,
    unset: str | None = None,
) -> Any:
    """Declare a parameter: its default, unit, published range, meaning and source.

    `unit` is "" for a pure number, "switch" for on/off. `low` and `high` bound both validation and sweeps. `fact` names
    a fact of `seeds/facts` (by id), a publication, or says "modelling assumption". `role` is "lever" (somebody's
    decision), "uncertainty" (nature's) or "numeric" (ours). `short` is a name that stands for the dotted key.
    `unset` is for a parameter that the scenario decides while nobody sets it: it says what acts then, when the default is
    None, or where the default acts.
    """
    extra: dict[str, Any] = {"unit": unit, "low": low, "high": high, "role": role, "fact": fact, "short": short, "unset": unset}
    return Field(default, ge=low, le=high, description=doc, json_schema_extra=extra)


@dataclass(frozen=True)
class Declaration:
    """One row of the parameter table."""

    key: str
    default: Any
    unit: str
    low: float | None
    high: float | None
    role: Role
    fact: str
    doc: str
    short: str | None
    unset: str | None
    kind: type

    @property
    def default_text(self) -> str:
        """What acts while nobody sets it, in words: "on", "0.3", "as mustered"."""
        if self.is_switch:
            return "on" if self.default else "off"
        number = "" if self.default is None else f"{self.default:g}"
        return " ".join(filter(None, (number, self.unset)))

    @property
    def is_switch(self) -> bool:
        return self.kind is bool

    def parse(self, value: Any) -> Any:
        """The value as this parameter's type, or InputError with the key, the value and what is allowed."""
        if isinstance(value, str):
            value = self._from_text(value)
        if self.kind is bool:
            if not isinstance(value, bool):
                raise InputError(f"{self.key}: {reprlib.repr(value)} is not a switch; allowed: true or false.")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{self.key}: {reprlib.repr(value)} is not a number; allowed: {self.allowed}.")
        if not math.isfinite(value):
            raise InputError(f"{self.key}: {reprlib.repr(value)} is not a finite number; allowed: {self.allowed}.")
        if self.kind is int and value != int(value):
            raise InputError(f"{self.key}: {reprlib.repr(value)} is not a whole number; allowed: {self.allowed}.")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise InputError(f"{self.key}: {reprlib.repr(value)} is out of range; allowed: {self.allowed}.")
        return self.kind(value)

    def _from_text(self, text: str) -> Any:
        word = text.strip()
        if self.kind is bool:
            words = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
            return words.get(word.lower(), word)
        try:
            return int(word) if self.kind is int else float(word)
        except ValueError:
            return word

    @property
    def allowed(self) -> str:
        what = "a whole number" if self.kind is int else "a number"
        unit = f" {self.unit}" if self.unit else ""
        if self.low is None and self.high is None:
            return what + unit
        if self.high is None:
            return f"{what} from {self.low:g}{unit}"
        return f"{self.low if self.low is not None else -math.inf:g} to {self.high:g}{unit}"


def declarations(prefix: str, model: type[Parameters]) -> list[Declaration]:
    """The parameters that `model` declares, keyed `prefix.name`, in order."""
    rows = []
    for name, field in model.model_fields.items():
        extra: dict[str, Any] = field.json_schema_extra  # type: ignore[assignment]
        kind: Any = next((t for t in get_args(field.annotation) if t is not NoneType), field.annotation)  # of `float | None`: float
        rows.append(Declaration(key=f"{prefix}.{name}", default=field.default, doc=field.description or "", kind=kind, **extra))
    return rows
