"""Measures and factors in words: a plain name, a unit as people write it, and the tone that means it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import SupportsFloat

from sim.view.numbers import significant

UNITS = {
    "km2": "km²",
    "m2": "m²",
    "casualties/km2": "casualties per km²",
    "attacks/day": "attacks a day",
    "sorties/day": "sorties a day",
    "rounds/day": "rounds a day",
    "km2/day": "km² a day",
    "km2/week": "km² a week",
    "casualties/day": "casualties a day",
    "bombs/day": "bombs a day",
    "switch": "",
}
PLAIN = {
    "held_km2": "ground held by the attacker",
    "net_direction_km2": "net gain in the direction",
    "gained_km2": "ground gained by the attacker",
    "lost_km2": "ground lost again by the attacker",
    "grey_km2": "grey zone",
    "front_km": "length of the front",
    "price_per_km2": "price of ground",
    "attacks_per_day": "attacks of the attacker",
    "breakthroughs": "breakthroughs",
    "deep_breakthroughs": "deep breakthroughs",
    "penetration_km": "penetration",
    "culminated": "culminated",
    "pockets": "pockets",
    "supply_city": "supply of the first city",
    "supply_city_2": "supply of the second city",
    "envelopment_city": "envelopment of the city",
    "distance_city_km": "distance of the city",
}
PROPER = {"pokrovsk": "Pokrovsk", "myrnohrad": "Myrnohrad", "fpv": "FPV"}
SUFFIXES = ("_per_day", "_km2", "_km_h", "_km", "_m2", "_days", "_hours", "_men", "_m")  # units that end a name
DANGER = ("breakthrough", "penetration", "pocket")
COUNTED = ("days", "hours", "soldiers", "groups", "vehicles", "drones", "rounds", "bombs", "sections", "bouts")
HARD = "\u00a0"  # a space at which no line breaks
LONGEST = 44  # characters of a meaning that may still serve as a name


@dataclass(frozen=True)
class Named:
    """What is drawn: a name in lower case, its unit ("" for a pure number), its tone, and what it means in a sentence."""

    name: str
    unit: str = ""
    tone: str = "model"
    doc: str = ""

    @property
    def axis(self) -> str:
        """ "rotation interval, days"."""
        return f"{self.name}, {self.unit}" if self.unit else self.name

    @property
    def title(self) -> str:
        """The name as the start of a sentence."""
        return upper_first(self.name)

    def value_text(self, value: object, digits: int = 4) -> str:
        """ "60 days", with a hard space; words and switches stand alone."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return level(value)
        text = significant(value, digits)
        unit = self.unit.removesuffix("s") if text == "1" and self.unit in COUNTED else self.unit
        return f"{text}{HARD}{unit}" if unit else text


def upper_first(text: str) -> str:
    """The text as the start of a sentence."""
    return text[:1].upper() + text[1:]


def level(value: object) -> str:
    """A value of a factor for people: 0.25, 1,200, on, "winter"."""
    if isinstance(value, bool) or type(value).__name__ == "bool_" or type(value).__name__ == "bool":
        return "on" if value else "off"
    if isinstance(value, SupportsFloat):
        if not math.isfinite(value):
            return "none"
        return significant(float(value), 4)
    return str(value)


def unit_text(unit: str | None) -> str:
    """A declared unit as people write it."""
    return UNITS.get(unit or "", unit or "")


def measure_named(name: str, unit: str | None = None) -> Named:
    """A measure of the model, or any other column, in words."""
    from sim.measures import MEASURES

    declared = MEASURES.get(name)
    doc = declared.doc if declared else ""
    if name in PLAIN:
        words = PLAIN[name]
    elif doc and len(doc) <= LONGEST:
        words = doc
    else:
        words = _side_last(name)
    return Named(words, unit_text(unit if unit is not None else declared.unit if declared else ""), tone_of(name), doc)


def tone_of(name: str) -> str:
    """Sides keep their hue, danger is plum, the rest is the model's tan."""
    if any(word in name for word in DANGER):
        return "danger"
    if "defender" in name:
        return "defender"
    if "attacker" in name or name in ("held_km2", "net_direction_km2", "gained_km2", "lost_km2"):
        return "attacker"
    return "model"


def factor_named(name: str, unit: str | None = None) -> Named:
    """A factor in words: a parameter by short name or dotted key, the scenario, or a bundle with a name of its own."""
    from sim.settings import catalog, short_names

    declared = catalog().get(short_names().get(name, name))
    if declared is None:
        return Named(name.replace("_", " "), unit_text(unit))
    short = declared.short or (name if "." not in name else "")
    words = _side_last(short or declared.key.replace(".", "_"))
    return Named(words, unit_text(unit if unit is not None else declared.unit), doc=declared.doc)


def _bare(name: str) -> str:
    """A name without the unit at its end, in words."""
    cut = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s) and len(name) > len(s)), name)
    words = cut.replace("_", " ")
    for small, proper in PROPER.items():
        words = words.replace(small, proper)
    return words


def _side_last(name: str) -> str:
    """ "casualties_attacker" as "casualties of the attacker"."""
    for side in ("attacker", "defender"):
        if f"_{side}" in name:
            return f"{_bare(name.replace(f'_{side}', ''))} of the {side}"
    return _bare(name)
