"""Priors: what is believed of a parameter before the record is looked at, from its declaration alone.

A declaration has a default and a range. The prior is a beta distribution over that range with its mode at the default (the
PERT form): nothing lies outside the range, the default is the best single guess, and no more is claimed. A range whose ends
differ by a large factor is one of an order of magnitude, and is taken along its logarithm. Places in the range (0 low, 1 high, along
that scale) are what emulators see; places in the prior (its distribution function) are what designs fill evenly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.quantity import Declaration


@dataclass(frozen=True)
class Form:
    """How priors are made: `weight` of the default (0 uniform, 4 the usual PERT), `log_from` the factor between ends."""

    weight: float = 2.0
    log_from: float = 8.0


@dataclass(frozen=True)
class Prior:
    """The prior of one parameter over `low` to `high` with its mode at `default`."""

    key: str
    low: float
    high: float
    default: float
    form: Form
    unit: str = ""
    is_whole: bool = False

    @cached_property
    def is_log(self) -> bool:
        return self.low > 0 and self.high / self.low >= self.form.log_from

    @cached_property
    def mode(self) -> float:
        """Place of the default in the range."""
        return float(self.place(np.array([self.default]))[0])

    @property
    def shape(self) -> tuple[float, float]:
        """The two parameters of the beta distribution over the range."""
        return 1 + self.form.weight * self.mode, 1 + self.form.weight * (1 - self.mode)

    def place(self, value: np.ndarray) -> np.ndarray:
        """Places of values in the range."""
        value = np.asarray(value, float)
        if self.is_log:
            return np.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, place: np.ndarray) -> np.ndarray:
        """Values at places of the range, with the digits that a study keeps; whole numbers where the parameter is one."""
        place = np.clip(np.asarray(place, float), 0.0, 1.0)
        found = self.low * (self.high / self.low) ** place if self.is_log else self.low + (self.high - self.low) * place
        if self.is_whole:
            return np.round(found)
        rounded = np.array([float(f"{v:.9g}") for v in found.ravel()]).reshape(found.shape)
        return np.clip(rounded, self.low, self.high)

    def at(self, u: np.ndarray) -> np.ndarray:
        """Places in the range of places in the prior."""
        from scipy.stats import beta

        return beta.ppf(u, *self.shape)

    def told(self) -> dict[str, Any]:
        """What a manifest says of it."""
        a, b = self.shape
        scale = "log" if self.is_log else "linear"
        return {
            "key": self.key,
            "unit": self.unit,
            "default": self.default,
            "low": self.low,
            "high": self.high,
            "scale": scale,
            "a": round(a, 4),
            "b": round(b, 4),
        }


def prior_of(
    d: Declaration, form: Form, default: float | None = None, low: float | None = None, high: float | None = None
) -> Prior:
    """The prior of a declared parameter; `low` and `high` narrow its range, `default` is the value in force."""
    if d.is_switch:
        raise InputError(f"{d.key}: a switch has no prior; allowed: a parameter with a range.")
    if d.low is None or d.high is None:
        raise InputError(f"{d.key}: no range is declared; a prior needs one.")
    ends = {}
    for end, given in (("low", low), ("high", high)):
        declared = getattr(d, end)
        if given is not None and not d.low <= given <= d.high:
            raise InputError(f"{d.key}: {end} {given:g} is outside the declared range; allowed: {d.allowed}.")
        ends[end] = float(declared if given is None else given)
    if ends["low"] >= ends["high"]:
        raise InputError(f"{d.key}: low {ends['low']:g}, high {ends['high']:g}; allowed: low below high.")
    if default is None and d.default is None:
        raise InputError(f"{d.key}: no default is declared ({d.unset}); set it in the scenario's params to give the prior a mode.")
    middle = float(d.default if default is None else default)
    if not ends["low"] <= middle <= ends["high"]:
        raise InputError(f"{d.key}: the default {middle:g} is outside {ends['low']:g} to {ends['high']:g}.")
    return Prior(d.key, **ends, default=middle, form=form, unit=d.unit, is_whole=d.kind is int)


def prior_told(told: dict[str, Any], form: Form) -> Prior:
    """The prior of which a manifest says `told` (see `Prior.told`)."""
    from sim.settings import resolve

    key, low, high, default = (told[name] for name in ("key", "low", "high", "default"))
    return Prior(key, low, high, default, form, told["unit"], resolve(key).kind is int)


@dataclass(frozen=True)
class Space:
    """All parameters of a calibration: k priors. Matrices are (n, k)."""

    priors: tuple[Prior, ...]

    @property
    def keys(self) -> list[str]:
        return [p.key for p in self.priors]

    @property
    def k(self) -> int:
        return len(self.priors)

    def places(self, u: np.ndarray) -> np.ndarray:
        """Places in the ranges of places in the priors."""
        return np.column_stack([p.at(u[:, j]) for j, p in enumerate(self.priors)])

    def values(self, places: np.ndarray) -> dict[str, list[float]]:
        """Values by parameter of places in the ranges, as a study takes them."""
        out: dict[str, list[float]] = {}
        for j, p in enumerate(self.priors):
            column = p.value(places[:, j])
            out[p.key] = [int(v) for v in column] if p.is_whole else [float(v) for v in column]
        return out

    def places_of(self, values: dict[str, Sequence[float]]) -> np.ndarray:
        """Places in the ranges of values by parameter."""
        return np.column_stack([p.place(np.asarray(values[p.key], float)) for p in self.priors])

    def spread(self) -> np.ndarray:
        """Standard deviation of each prior, in its range."""
        from scipy.stats import beta

        return np.array([beta.std(*p.shape) for p in self.priors])
