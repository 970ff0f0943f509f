"""The forms of a study's `[factors]` and `[set]`, read and checked: levels, ranges, patterns, bundles, scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from experiments.runs.columns import RESERVED
from experiments.studies.factors import Factor, scenario_label
from sim.errors import InputError, did_you_mean
from sim.quantity import Declaration
from sim.settings import catalog, models, resolve, short_names

RANGE_KEYS = ("low", "high", "levels", "scale", "group")
PATTERN_KEYS = ("levels", "scale", "group", "role")
SCALES = ("linear", "log")
ROLES = ("lever", "uncertainty", "numeric")


def flattened(table: dict[str, Any]) -> dict[str, Any]:
    """Bare dotted keys, which TOML reads as tables in tables, as one key again: {"works": {"strength": 1}}."""
    out: dict[str, Any] = {}
    for name, value in table.items():
        nested = name in models() and isinstance(value, dict) and value
        if nested and not ({*value} & {*RANGE_KEYS, "bundles"}):
            out |= {f"{name}.{inner}": entry for inner, entry in value.items()}
        else:
            out[name] = value
    return out


def overrides_of(table: dict[str, Any], where: str) -> dict[str, Any]:
    """Values by dotted key, each checked against its parameter."""
    out: dict[str, Any] = {}
    for key, value in flattened(table).items():
        try:
            d = resolve(key)
            value = d.parse(value)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if d.key in out:
            raise InputError(f"{where}: {d.key} is set twice.")
        out[d.key] = value
    return out


def factors_of(
    table: dict[str, Any], where: str, *, skip: Iterable[str] = (), groups: bool = False, repeats: bool = False
) -> list[Factor]:
    """The factors of a `[factors]` table, patterns taken apart, in the order of the file.

    With `repeats` a list may hold a level several times.
    """
    if not table:
        raise InputError(f"{where}: factors: none given; a study needs at least one.")
    skipped = _skipped(list(skip), where)
    found: list[Factor] = []
    for name, form in flattened(table).items():
        place = f"{where}: factors: {name}"
        form = {} if form == "declared" else form
        if not isinstance(form, dict | list):
            raise InputError(
                f'{place}: {form!r}; allowed: a list of levels, {{ low, high }}, {{}} or "declared", {{ bundles }}.'
            )
        if any(sign in name for sign in "*?["):
            found += _pattern(name, form, place, skipped, groups)
        elif name == "scenario":
            found.append(_scenarios(form, place, repeats))
        elif isinstance(form, dict) and "bundles" in form:
            found.append(_bundles(name, form, place, repeats))
        else:
            found.append(_single(name, form, place, where, repeats))
    _no_overlap(found, where)
    return found


def _skipped(skip: list[str], where: str) -> set[str]:
    out: set[str] = set()
    for word in skip:
        keys = [k for k in catalog() if fnmatchcase(k, short_names().get(word, word))]
        if not keys:
            raise InputError(
                f"{where}: skip: no parameter matches {word!r}.{did_you_mean(word, [*catalog(), *short_names()])}"
            )
        out |= {*keys}
    return out


def _single(name: str, form: Any, place: str, where: str, repeats: bool) -> Factor:
    if name in models() and name not in short_names():
        raise InputError(f'{place}: a group of parameters; write "{name}.*" for all of them, or one as {name}.NAME.')
    try:
        d = resolve(name)
    except InputError as error:
        raise InputError(f"{where}: factors: {error}") from None
    if isinstance(form, list):
        return Factor(name, (d.key,), options=_levels(form, place, d, repeats))
    return _range(name, d, form, place)


def _levels(values: list, place: str, d: Declaration, repeats: bool) -> tuple[Any, ...]:
    if not values:
        raise InputError(f"{place}: no levels; allowed: at least one.")
    try:
        parsed = [d.parse(v) for v in values]
    except InputError as error:
        raise InputError(f"{place}: {str(error).removeprefix(f'{d.key}: ')}") from None
    return tuple(parsed) if repeats else _once(parsed, place)


def _once(values: list, place: str) -> tuple[Any, ...]:
    twice = next((v for k, v in enumerate(values) if v in values[:k]), None)
    if twice is not None:
        raise InputError(f"{place}: the level {twice!r} is there twice.")
    return tuple(values)


def _range(name: str, d: Declaration, form: dict[str, Any], place: str) -> Factor:
    _known(form, RANGE_KEYS, place)
    group = _word(form, "group", place)
    if d.is_switch:
        if set(form) - {"group"}:
            raise InputError(
                f"{place}: a switch has no {sorted(set(form) - {'group'})[0]}; allowed: [true, false] or {{}}."
            )
        return Factor(name, (d.key,), options=(False, True), group=group)
    bounds = {}
    for end in ("low", "high"):
        value = form.get(end, getattr(d, end))
        if value is None:
            raise InputError(f"{place}: no {end} is declared; give one.")
        try:
            bounds[end] = d.parse(value)
        except InputError as error:
            raise InputError(f"{place}: {end}: {str(error).removeprefix(f'{d.key}: ')}") from None
    if bounds["low"] >= bounds["high"]:
        raise InputError(f"{place}: low {bounds['low']:g}, high {bounds['high']:g}; allowed: low below high.")
    scale = _scale(form, place)
    if scale == "log" and bounds["low"] <= 0:
        raise InputError(f"{place}: a log scale from {bounds['low']:g}; allowed: low above 0.")
    return Factor(name, (d.key,), **bounds, scale=scale, n_levels=_n_levels(form, place), group=group)


def _pattern(name: str, form: Any, place: str, skipped: set[str], groups: bool) -> list[Factor]:
    """Every parameter that matches, over its declared range; on a log scale where one is asked for and possible."""
    if isinstance(form, list):
        raise InputError(f'{place}: levels for a pattern; allowed: {{}}, "declared" or {{ {", ".join(PATTERN_KEYS)} }}.')
    _known(form, PATTERN_KEYS, place)
    role = form.get("role")
    if role is not None and role not in ROLES:
        raise InputError(f"{place}: role {role!r}; allowed: {', '.join(ROLES)}.{did_you_mean(str(role), ROLES)}")
    group = _word(form, "group", place) or (name.removesuffix(".*") if groups else None)
    scale, n_levels = _scale(form, place), _n_levels(form, place)
    out = []
    for d in catalog().values():
        if not fnmatchcase(d.key, name) or d.key in skipped or (role and d.role != role):
            continue
        if d.is_switch:
            out.append(Factor(d.key, (d.key,), options=(False, True), group=group))
        elif d.low is None or d.high is None:
            raise InputError(f"{place}: {d.key} has no declared range; leave it out with skip.")
        else:
            own = scale if d.low > 0 else "linear"
            out.append(Factor(d.key, (d.key,), low=d.low, high=d.high, scale=own, n_levels=n_levels, group=group))
    if not out:
        near = [f"{prefix}.*" for prefix in models()]
        raise InputError(f"{place}: matches no parameter.{did_you_mean(name, near) or ' `pokrovsk params` lists them.'}")
    return out


def _bundles(name: str, form: dict[str, Any], place: str, repeats: bool) -> Factor:
    """Named sets of overrides; the first one is the baseline of a one-at-a-time design, `order` those of given points."""
    from sim.measures import MEASURES

    _known(form, ("bundles", "group", *(("order",) if repeats else ())), place)
    if name in catalog() or name in short_names() or name in MEASURES or name in RESERVED or name.startswith("exec_"):
        raise InputError(f"{place}: bundles need a name of their own; {name!r} is taken.")
    table = form["bundles"]
    if not isinstance(table, dict) or not table:
        raise InputError(f"{place}: no bundles; allowed: {{ bundles = {{ LABEL = {{ KEY = VALUE, ... }}, ... }} }}.")
    sets = {}
    for label, entries in table.items():
        if not isinstance(entries, dict):
            raise InputError(f"{place}: {label}: {entries!r}; allowed: {{ KEY = VALUE, ... }} or {{}}.")
        sets[label] = overrides_of(entries, f"{place}: {label}")
    keys = tuple(dict.fromkeys(key for entries in sets.values() for key in entries))
    if not keys:
        raise InputError(f"{place}: none of the bundles sets anything.")
    order = form.get("order", list(sets))
    strange = next((label for label in order if label not in sets), None) if isinstance(order, list) else order
    if strange is not None:
        raise InputError(f"{place}: order: {strange!r}; allowed: a list of {', '.join(sets)}.")
    return Factor(name, keys, options=tuple(order), group=_word(form, "group", place), bundles=sets)


def _scenarios(form: Any, place: str, repeats: bool) -> Factor:
    if not isinstance(form, list):
        raise InputError(f"{place}: allowed: a list of scenarios' names or files.")
    if not form:
        raise InputError(f"{place}: no levels; allowed: at least one.")
    wrong = next((v for v in form if not isinstance(v, str)), None)
    if wrong is not None:
        raise InputError(f"{place}: {wrong!r} is not a scenario's name or file.")
    if not repeats:
        _once([scenario_label(source) for source in form], place)
    return Factor("scenario", ("scenario",), options=tuple(form))


def _no_overlap(factors: list[Factor], where: str) -> None:
    owner: dict[str, str] = {}
    for factor in factors:
        for key in factor.keys:
            if key in owner:
                both = f"{owner[key]!r} and {factor.name!r}" if owner[key] != factor.name else f"{factor.name!r}, twice"
                raise InputError(f"{where}: factors: {key} is moved by {both}.")
            owner[key] = factor.name


def _known(form: dict[str, Any], allowed: tuple[str, ...], place: str) -> None:
    unknown = next((key for key in form if key not in allowed), None)
    if unknown is not None:
        hint = did_you_mean(unknown, allowed) or f" Allowed: {', '.join(allowed)}."
        raise InputError(f"{place}: unknown key {unknown!r}.{hint}")


def _word(form: dict[str, Any], key: str, place: str) -> str | None:
    value = form.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InputError(f"{place}: {key}: {value!r}; allowed: a word.")
    return value


def _scale(form: dict[str, Any], place: str) -> str:
    scale = form.get("scale", "linear")
    if scale not in SCALES:
        raise InputError(f"{place}: scale: {scale!r}; allowed: {', '.join(SCALES)}.{did_you_mean(str(scale), SCALES)}")
    return scale


def _n_levels(form: dict[str, Any], place: str) -> int | None:
    n = form.get("levels")
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= 1000):
        raise InputError(f"{place}: levels: {n!r}; allowed: a whole number from 2 to 1000.")
    return n


def check_fixed(fixed: dict[str, Any], factors: list[Factor], where: str) -> None:
    """InputError when something is set for all points and moved by a factor too."""
    for factor in factors:
        for key in factor.keys:
            if key in fixed:
                raise InputError(f"{where}: {key} is in [set] and moved by the factor {factor.name!r}.")
