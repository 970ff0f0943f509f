"""Factors of a study: what is moved, between which bounds or over which levels.

A factor is one column of a design. It turns a level's number or a place in the unit interval into a value, and a value
into changes of a battle: dotted keys, or a whole scenario.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.quantity import Declaration
from sim.scenario import load_scenario, scenario_names
from sim.settings import catalog

LEVELS = 3  # of a range that does not say how many


@dataclass(frozen=True)
class Factor:
    """One column of a design.

    `options` are the values of a list, switch, bundle or scenario factor; a range has `low` and `high` instead. `keys`
    are the dotted keys it sets ("scenario" for a whole scenario), `bundles` the overrides behind each label.
    """

    name: str
    keys: tuple[str, ...]
    options: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    scale: str = "linear"
    n_levels: int | None = None
    group: str | None = None
    bundles: dict[str, dict[str, Any]] | None = None

    @property
    def declared(self) -> Declaration | None:
        """The parameter that it moves, if it moves exactly one."""
        return None if self.bundles is not None or self.name == "scenario" else catalog()[self.keys[0]]

    @property
    def unit(self) -> str:
        return self.declared.unit if self.declared and not self.declared.is_switch else ""

    @property
    def is_number(self) -> bool:
        """Its values are numbers, so that lines and slopes over them mean something."""
        return self.declared is not None and not self.declared.is_switch

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high of a range."""
        assert self.low is not None and self.high is not None, f"{self.name} has options, no range"
        return self.low, self.high

    def grid(self, levels: int = LEVELS) -> tuple[Any, ...]:
        """The values of a design by levels; `levels` for a range that does not say how many."""
        if self.options:
            return self.options
        n = self.n_levels or levels
        values = [self.at(k / (n - 1)) for k in range(n)] if not self._is_whole else self._whole_grid(n)
        return tuple(dict.fromkeys(values))

    def at(self, u: float) -> Any:
        """The value at `u` in [0, 1]: along the range, or in equal bins for options and whole numbers."""
        if self.options:
            return self.options[_bin(u, len(self.options))]
        if self._is_whole and self.scale == "linear":
            low, high = map(int, self.ends)
            return low + _bin(u, high - low + 1)
        value = self._between(u)
        return round(value) if self._is_whole else value

    def changes(self, value: Any) -> dict[str, Any]:
        """What a value sets, by dotted key ("scenario" for a whole scenario)."""
        return self.bundles[value] if self.bundles is not None else {self.keys[0]: value}

    @property
    def _is_whole(self) -> bool:
        return self.declared is not None and self.declared.kind is int

    def _whole_grid(self, n: int) -> list[int]:
        return [round(self._between(k / (n - 1))) for k in range(n)]

    def _between(self, u: float) -> float:
        """Nine digits, so that a library's last bit makes no other run of it on another machine."""
        low, high = self.ends
        value = low * (high / low) ** u if self.scale == "log" else low + u * (high - low)
        return min(max(float(f"{value:.9g}"), low), high)


def _bin(u: float, n: int) -> int:
    return min(int(u * n + 1e-9), n - 1)


def scenario_label(source: str) -> str:
    """How a scenario is called in a table: its name, or its file's name without the folder.

    A file that is named as a shipped scenario and is another one goes by the name that it was given for that.
    """
    if not source.endswith(".toml"):
        return source
    stem = Path(source).stem
    return load_scenario(source).name if stem in scenario_names() and Path(source).is_file() else stem
