"""Prior distributions of parameters (PERT form), from their declarations alone.

A declaration has a default and a range. The prior is a beta distribution over that range with its mode at the default (the
PERT form): nothing lies outside the range, the default is the best single guess, and no more is claimed. A range whose ends
differ by a large factor is one of an order of magnitude, and is taken along its logarithm. Two unit cubes are used: points of the
range (0 low, 1 high, along that scale), which emulators see, and probabilities of the prior (its distribution function), which
designs fill evenly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.quantity import Declaration


@dataclass(frozen=True)
class PriorForm:
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
    form: PriorForm
    unit: str = ""
    is_whole: bool = False

    @cached_property
    def is_log(self) -> bool:
        return self.low > 0 and self.high / self.low >= self.form.log_from

    @cached_property
    def mode(self) -> float:
        """Where in the range the default lies, 0 to 1."""
        return float(self.to_unit(np.array([self.default]))[0])

    @property
    def shape(self) -> tuple[float, float]:
        """The two parameters of the beta distribution over the range."""
        return 1 + self.form.weight * self.mode, 1 + self.form.weight * (1 - self.mode)

    def to_unit(self, value: np.ndarray) -> np.ndarray:
        """Values as points of the range, 0 low and 1 high."""
        value = np.asarray(value, float)
        if self.is_log:
            return np.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def from_unit(self, x: np.ndarray) -> np.ndarray:
        """Values at points of the range, with the digits that a study keeps; whole numbers where the parameter is one."""
        x = np.clip(np.asarray(x, float), 0.0, 1.0)
        found = self.low * (self.high / self.low) ** x if self.is_log else self.low + (self.high - self.low) * x
        if self.is_whole:
            return np.round(found)
        rounded = np.array([float(f"{v:.9g}") for v in found.ravel()]).reshape(found.shape)
        return np.clip(rounded, self.low, self.high)

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Quantiles of the prior as points of the range, for probabilities `u`."""
        from scipy.stats import beta

        return beta.ppf(u, *self.shape)

    def as_dict(self) -> dict[str, Any]:
        """The prior as a manifest keeps it."""
        a, b = self.shape
        scale = "log" if self.is_log else "linear"
        return {
            "key": self.key,
            "unit": self.unit,
            "default": self.default,
            "low": self.low,
            "high": self.high,
            "scale": scale,
            "weight": self.form.weight,
            "a": round(a, 4),
            "b": round(b, 4),
        }


def prior_of(
    d: Declaration, form: PriorForm, default: float | None = None, low: float | None = None, high: float | None = None
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
        raise InputError(
            f"{d.key}: no default is declared ({d.unset}); give the prior a `mode`."
        )
    middle = float(d.default if default is None else default)
    if not ends["low"] <= middle <= ends["high"]:
        raise InputError(f"{d.key}: the default {middle:g} is outside {ends['low']:g} to {ends['high']:g}.")
    return Prior(d.key, **ends, default=middle, form=form, unit=d.unit, is_whole=d.kind is int)


def prior_from_manifest(entry: dict[str, Any], form: PriorForm) -> Prior:
    """The prior of an entry of a manifest (see `Prior.as_dict`), of the `form` of all where it has none of its own."""
    from sim.settings import resolve

    form = replace(form, weight=entry.get("weight", form.weight))
    key, low, high, default = (entry[name] for name in ("key", "low", "high", "default"))
    return Prior(key, low, high, default, form, entry["unit"], resolve(key).kind is int)


@dataclass(frozen=True)
class ParameterSpace:
    """The parameter space of a calibration: k priors. Matrices are (n, k)."""

    priors: tuple[Prior, ...]

    @property
    def keys(self) -> list[str]:
        return [p.key for p in self.priors]

    @property
    def k(self) -> int:
        return len(self.priors)

    def from_prior(self, u: np.ndarray) -> np.ndarray:
        """Points of the ranges, for probabilities `u` of the priors."""
        return np.column_stack([p.quantile(u[:, j]) for j, p in enumerate(self.priors)])

    def from_unit(self, x: np.ndarray) -> dict[str, list[float]]:
        """Values by parameter at points of the ranges, as a study takes them."""
        out: dict[str, list[float]] = {}
        for j, p in enumerate(self.priors):
            column = p.from_unit(x[:, j])
            out[p.key] = [int(v) for v in column] if p.is_whole else [float(v) for v in column]
        return out

    def to_unit(self, values: dict[str, Sequence[float]]) -> np.ndarray:
        """Values by parameter as points of the ranges."""
        return np.column_stack([p.to_unit(np.asarray(values[p.key], float)) for p in self.priors])

    def standard_deviation(self) -> np.ndarray:
        """Of each prior, in units of its range."""
        from scipy.stats import beta

        return np.array([beta.std(*p.shape) for p in self.priors])
