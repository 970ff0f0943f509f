"""All parameters of a battle: gathered from the kinds and phases that declare them, overridden by dotted key."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, did_you_mean
from sim.kinds import KINDS
from sim.phases import PHASES
from sim.plugin_files import groups
from sim.quantity import Declaration, Parameters, declarations


@cache
def catalog() -> dict[str, Declaration]:
    """Every declared parameter by dotted key, in the order of kinds and phases."""
    return {d.key: d for prefix, model in models().items() for d in declarations(prefix, model)}


@cache
def models() -> dict[str, type[Parameters]]:
    """The parameter model of every kind and phase, and of those that plugins add, by prefix."""
    return {name: module.Params for name, module in (*KINDS.items(), *PHASES.items())} | groups()


EARLIER = {"cut_h32": "supply.cut_road"}  # short names of older studies


@cache
def short_names() -> dict[str, str]:
    """Short names of the levers and the dotted keys they stand for, those of older studies among them."""
    return {d.short: d.key for d in catalog().values() if d.short} | EARLIER


def forget() -> None:
    """Has the parameters gathered anew, since a plugin was loaded."""
    for gathered in (catalog, models, short_names):
        gathered.cache_clear()


def resolve(key: str) -> Declaration:
    """The declaration of a dotted key or short name; InputError with a hint when there is none."""
    full = short_names().get(key, key)
    if full not in catalog():
        known = [*catalog(), *short_names()]
        raise InputError(f"unknown parameter {key!r}.{did_you_mean(key, known) or ' `pokrovsk params` lists them.'}")
    return catalog()[full]


def by_dotted_key(overrides: dict[str, Any]) -> dict[str, Any]:
    """Checked values by dotted key; InputError for one that is not allowed, or given by its key and its short name too."""
    out: dict[str, Any] = {}
    for key, value in overrides.items():
        declared = resolve(key)
        if declared.key in out:
            raise InputError(f"{declared.key}: given twice, by its key and by its short name {declared.short!r}.")
        out[declared.key] = declared.parse(value)
    return out


class Settings:
    """The parameters of one battle: `settings.drones.keep_days`, one frozen group a kind or phase."""

    overrides: dict[str, Any]  # what was set, by dotted key

    if TYPE_CHECKING:  # the groups are made from KINDS and PHASES, to which users add

        def __getattr__(self, group: str) -> Any: ...

    def __init__(self, overrides: dict[str, Any] | None = None):
        changed: dict[str, dict[str, Any]] = {}
        for key, value in (overrides or {}).items():
            d = resolve(key)
            prefix, name = d.key.split(".", 1)
            changed.setdefault(prefix, {})[name] = d.parse(value)
        self.overrides = {f"{p}.{n}": v for p, group in changed.items() for n, v in group.items()}
        for prefix, model in models().items():
            setattr(self, prefix, model(**changed.get(prefix, {})))

    def flat(self) -> dict[str, Any]:
        """Every parameter's value by dotted key."""
        return {key: getattr(getattr(self, key.split(".", 1)[0]), key.split(".", 1)[1]) for key in catalog()}
