"""Weather and light: what lets drones and aircraft fly, and how the ground carries.

Fog and rain are two-state chains by day, drawn each day from the seed and the date alone, so that every arm of a comparison has
the same year. Mud is rain remembered. Light is the share of the step in daylight, so that a shorter step adds up to the same
day.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import NamedTuple

from sim.draws import key, uniform
from sim.quantity import Parameters, quantity

READS = ()
WRITES = ("weather",)


class Params(Parameters):
    enabled: bool = quantity(True, "switch", doc="weather varies; off: clear, dry, the leaf of June", fact="modelling assumption", role="lever")
    persistence: float = quantity(0.55, "", low=0.0, high=0.95, doc="chance that fog or rain of today stays tomorrow beyond the month's share", fact="modelling assumption")
    fog_blinds: float = quantity(0.75, "", low=0.0, high=1.0, doc="share of flying hours that a foggy day takes from drones", fact="modelling assumption")
    rain_blinds: float = quantity(0.55, "", low=0.0, high=1.0, doc="share of flying hours that a rainy day takes from drones", fact="modelling assumption")
    night_drones: float = quantity(0.6, "", low=0.1, high=1.0, doc="drone work at night beside that by day", fact="modelling assumption")
    mud_days: float = quantity(10.0, "days", low=2.0, high=40.0, doc="how long the ground remembers rain", fact="modelling assumption")
    fog_grounds: float = quantity(0.6, "", low=0.0, high=1.0, doc="share of bomb sorties that a foggy day takes", fact="modelling assumption")
    rain_grounds: float = quantity(0.4, "", low=0.0, high=1.0, doc="share of bomb sorties that a rainy day takes", fact="modelling assumption")


class Sky(NamedTuple):
    """The weather of a step, each 0..1."""

    flying: float  # share of drone work that weather and light allow
    bombing: float  # share of bomb sorties that weather allows
    fog: float
    rain: float
    mud: float
    leaf: float
    light: float  # share of the step in daylight
    watched: float  # share of the step's drone work that is done in daylight


class Spell(NamedTuple):
    """What tomorrow's weather remembers."""

    fog: bool
    rain: bool
    mud: float


@dataclass(slots=True)
class Weather:
    """The sky of this step and what it remembers. The day before the start was dry."""

    sky: Sky = field(default_factory=lambda: Sky(1.0, 1.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5))
    spell: Spell = field(default_factory=lambda: Spell(False, False, 0.2))


def monthly(values: list[float], date: dt.date) -> float:
    """Linear interpolation of a climate value between the middles of the months."""
    position = date.month - 1 + (date.day - 15.5) / 30.5
    low = math.floor(position)
    part = position - low
    return values[low % 12] * (1.0 - part) + values[(low + 1) % 12] * part


def daylight(hours: float, start_h: float, length_h: float) -> float:
    """Share of the step from `start_h` for `length_h` hours that lies in a day of `hours` centered on noon."""
    lit = 0.0
    for noon in (12.0, 36.0):
        lit += max(0.0, min(start_h + length_h, noon + hours / 2) - max(start_h, noon - hours / 2))
    return lit / length_h


def chain(was: bool, share: float, persistence: float, u: float) -> bool:
    """One day of a two-state Markov chain with the stationary share `share`."""
    return u < share + (persistence * (1.0 - share) if was else -persistence * share)


def run(world) -> None:
    p = world.settings.weather
    climate = world.scenario.climate
    date = world.date
    if world.new_day:
        spell = world.weather.spell
        fog_u = uniform(key(world.seed, "fog", world.day), 0)
        rain_u = uniform(key(world.seed, "rain", world.day), 0)
        rain = chain(spell.rain, monthly(climate.rain_share, date), p.persistence, rain_u)
        fog = chain(spell.fog, monthly(climate.fog_share, date), p.persistence, fog_u)
        wet = monthly(climate.mud, date) * (1.6 if rain else 0.8)
        world.weather.spell = Spell(fog, rain, spell.mud + (min(wet, 1.0) - spell.mud) / p.mud_days)
    hours = world.scenario.step_hours
    light = daylight(monthly(climate.daylight_h, date), world.hour, hours)
    by_light = p.night_drones + (1.0 - p.night_drones) * light
    watched = light / by_light  # so that a step of half day and half night is worth its two halves
    if not p.enabled:
        world.weather.sky = Sky(by_light, 1.0, 0.0, 0.0, 0.0, 0.5, light, watched)
        return
    fog, rain, mud = world.weather.spell
    flying = (1.0 - p.fog_blinds * fog) * (1.0 - p.rain_blinds * rain) * by_light
    bombing = (1.0 - p.fog_grounds * fog) * (1.0 - p.rain_grounds * rain)
    world.weather.sky = Sky(flying, bombing, float(fog), float(rain), mud, monthly(climate.leaf, date), light, watched)
