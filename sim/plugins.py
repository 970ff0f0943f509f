"""What a plugin can add: rules, measures, kinds of unit, study designs, layers of the page. `from sim.plugins import rule, ...`

A plugin is a Python file that a scenario or study names (`plugins = ["mines.py"]`), or `--plugin` does. Each decorator below
declares one part of it. A name that is taken is refused; `replace=True` takes the place of what has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as copy_with
from typing import Any

from sim import measures as shipped_measures
from sim import settings
from sim.errors import InputError, did_you_mean
from sim.kinds import KINDS
from sim.measures import Measure
from sim.phases import PHASES
from sim.plugin_files import Plugin, declare
from sim.quantity import Parameters, declarations

__all__ = ["design", "kind", "layer", "measure", "rule"]

DEFAULT_COLOR = "#7a3e9d"


def _one_word(what: str, name: str) -> None:
    if not name.isidentifier():
        raise InputError(f"{what} {name!r}: allowed: a name of letters, digits and _.")


def _admit_group(plugin: Plugin, group: str, params: type[Parameters] | None) -> None:
    """InputError when parameters would have a name that others have."""
    if params is None:
        return
    if not (isinstance(params, type) and issubclass(params, Parameters)):
        raise InputError(f"plugin {plugin.name!r}: params: allowed: a class that inherits from sim.quantity.Parameters.")
    if group in {*KINDS, *PHASES}:
        raise InputError(f"plugin {plugin.name!r}: the name {group!r} is taken by other parameters; take another one.")
    for name, info in params.model_fields.items():
        if not isinstance(info.json_schema_extra, dict) or "unit" not in info.json_schema_extra:
            raise InputError(f"plugin {plugin.name!r}: parameter {group}.{name}: declare it with sim.quantity.quantity(default, unit, doc=, fact=).")
    settings.forget()
    taken = {d.short: d.key for key, d in settings.catalog().items() if d.short and key.split(".")[0] != group}
    for d in declarations(group, params):
        if d.short in taken or (d.short and d.short in settings.catalog()):
            raise InputError(f"plugin {plugin.name!r}: the short name {d.short!r} is taken by {taken.get(d.short, d.short)}; take another one.")


class Part:
    """One thing that a plugin adds."""

    def retire(self, plugin: Plugin) -> None:
        """Takes its names back."""
        settings.forget()


@dataclass(frozen=True)
class Rule(Part):
    """A rule: `run(world)` in every step, `start(world)` once when the battle is mustered."""

    name: str
    run: Callable[[Any], None]
    params: type[Parameters] | None
    group: str
    before: str | None
    after: str | None
    replace: bool
    start: Callable[[Any], None] | None
    what: str = "rule"

    def admit(self, plugin: Plugin) -> None:
        _one_word(f"plugin {plugin.name!r}: rule", self.name)
        if self.replace and self.name not in PHASES:
            raise InputError(f"plugin {plugin.name!r}: there is no rule {self.name!r} to replace.{did_you_mean(self.name, PHASES)}")
        if not self.replace and self.name in PHASES:
            raise InputError(f"plugin {plugin.name!r}: rule {self.name!r} is taken; replace=True replaces it, or take another name.")
        if sum(x is not None for x in (self.before, self.after)) + self.replace > 1:
            raise InputError(f"plugin {plugin.name!r}: rule {self.name!r}: allowed: one of before, after and replace.")
        _admit_group(plugin, self.group, self.params)


def rule(name: str, *, params: type[Parameters] | None = None, before: str | None = None, after: str | None = None,
         replace: bool = False, start: Callable[[Any], None] | None = None) -> Callable:
    """Declares a function of the world as a rule of the step.

    It runs `before` or `after` the rule of that name, else as the last one; with `replace` in the place of the rule that has its
    name, whose parameters stay. `params` are read as `world.settings.NAME` (of a replaced rule as `world.settings.NAME_new`) and are
    sliders, factors and overrides like all others. What the rule keeps of a battle goes into `world.own[NAME]`; `start`
    puts it there, once, when the battle is mustered. Randomness comes from `sim.draws`, never from a generator.

    Examples:
        >>> @rule("rest", after="morale")
        ... def rest(world):
        ...     world.units.fatigue[: world.n] *= 0.99
    """

    def register(run: Callable[[Any], None]) -> Callable[[Any], None]:
        declare(Rule(name, run, params, f"{name}_new" if replace else name, before, after, replace, start))
        return run

    return register


@dataclass(frozen=True)
class NewMeasure(Part):
    """A measure, which journals of battles with this plugin keep."""

    name: str
    measure: Measure
    replace: bool
    what: str = "measure"

    def admit(self, plugin: Plugin) -> None:
        _one_word(f"plugin {plugin.name!r}: measure", self.name)
        known = shipped_measures.MEASURES
        has = known.get(self.name)
        taken = self.name in RESERVED_COLUMNS or self.name in settings.catalog() or self.name in settings.short_names()
        if taken or (has is not None and has.plugin != plugin.name and not (self.replace and not has.plugin)):
            raise InputError(f"plugin {plugin.name!r}: measure {self.name!r} is taken; {'take another name' if taken else 'replace=True replaces it, or take another name'}.")
        if self.replace and has is None:
            raise InputError(f"plugin {plugin.name!r}: there is no measure {self.name!r} to replace.{did_you_mean(self.name, known)}")
        for need in self.measure.needs:
            if need not in known and need not in plugin.of("measure"):
                raise InputError(f"plugin {plugin.name!r}: measure {self.name!r} needs the unknown measure {need!r}.{did_you_mean(need, known)}")
        if self.measure.kind not in ("total", "daily", "state"):
            raise InputError(f"plugin {plugin.name!r}: measure {self.name!r}: kind {self.measure.kind!r}; allowed: total, daily, state.")
        if not self.replace:
            known[self.name] = copy_with(self.measure, plugin=plugin.name)

    def retire(self, plugin: Plugin) -> None:
        known = shipped_measures.MEASURES
        if self.name in known and known[self.name].plugin == plugin.name:
            del known[self.name]


RESERVED_COLUMNS = frozenset({"run", "run_key", "point", "replicate", "seed", "status", "error", "scenario", "start", "days", "day", "date", "kept", "stopped"})


def measure(unit: str, kind: str, doc: str, name: str | None = None, needs: Sequence[str] = (), *, replace: bool = False) -> Callable:
    """Declares a function of a look at the battle as a measure, as those of `sim.measures` are.

    `kind`: "total" (running since the start), "daily" (of this day) or "state" (at the end of the day). `look.world` is the battle;
    for each measure in `needs` the function gets its values from the start to this day.

    Examples:
        >>> @measure("soldiers", "state", "wounded not yet evacuated")
        ... def wounded_waiting(look):
        ...     return int(look.world.units.hurt[: look.world.n].sum())
    """

    def register(function: Callable[..., float]) -> Callable[..., float]:
        key = name or function.__name__
        declare(NewMeasure(key, Measure(key, unit, kind, doc, function, tuple(needs)), replace))
        return function

    return register


@dataclass(frozen=True)
class NewKind(Part):
    """A kind of unit: what a unit of it is mustered with, and how far behind the line it works."""

    name: str
    params: type[Parameters]
    label: str
    what: str = "kind"

    @property
    def group(self) -> str:
        return self.name

    def admit(self, plugin: Plugin) -> None:
        _one_word(f"plugin {plugin.name!r}: kind", self.name)
        _admit_group(plugin, self.name, self.params)
        if "crew" not in self.params.model_fields:
            raise InputError(f"plugin {plugin.name!r}: kind {self.name!r}: its parameters lack `crew`, the men of a unit.")


def kind(name: str, label: str | None = None) -> Callable:
    """Declares a class of parameters as a kind of unit; formations get it by `units = { NAME = 3 }`.

    `crew` (soldiers) is needed; with `setback_km` the unit works so far behind the line and moves with it, else it stays where the reserve
    of its formation stands. It goes on foot and by truck, and drones and shells find it; what else it does is for a rule, which
    finds it by `world.units.kind == world.kind(NAME)`.
    """

    def register(params: type[Parameters]) -> type[Parameters]:
        declare(NewKind(name, params, label or name.replace("_", " ")))
        return params

    return register


@dataclass(frozen=True)
class NewDesign(Part):
    """A study design: a function that makes the points."""

    name: str
    points: Callable[..., Any]
    doc: str
    is_grid: bool
    what: str = "design"

    def admit(self, plugin: Plugin) -> None:
        if not self.name.strip():
            raise InputError(f"plugin {plugin.name!r}: a design needs a name.")


def design(name: str, doc: str, *, is_grid: bool = False) -> Callable:
    """Declares a function as a study design.

    Without `is_grid` it is called with (points, factors, seed) and returns an array (points, factors) of places in [0, 1], of the whole range of
    each factor; with it, with the number of levels of each factor, and returns the numbers of levels, an integer array (points, factors).
    """

    def register(points: Callable[..., Any]) -> Callable[..., Any]:
        declare(NewDesign(name, points, doc, is_grid))
        return points

    return register


@dataclass(frozen=True)
class Layer(Part):
    """A layer of the page: shares by cell in one color."""

    name: str
    title: str
    of: Callable[[Any], Any]
    color: str
    doc: str
    what: str = "layer"

    def admit(self, plugin: Plugin) -> None:
        _one_word(f"plugin {plugin.name!r}: layer", self.name)
        if not (len(self.color) == 7 and self.color[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in self.color[1:])):
            raise InputError(f"plugin {plugin.name!r}: layer {self.name!r}: color {self.color!r}; allowed: #rrggbb.")


def layer(name: str, title: str, *, color: str = DEFAULT_COLOR, doc: str = "") -> Callable:
    """Declares a function of the world as a layer of the page: it returns shares 0..1 by cell, (n,), row 0 southern.

    `title` stands at its switch, `color` (#rrggbb) is that of a share of 1.
    """

    def register(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        declare(Layer(name, title, of, color, doc))
        return of

    return register
