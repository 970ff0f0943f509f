"""Guides: steps on the live map, read from a TOML file and checked, so that a teacher can write another."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sim.errors import InputError, did_you_mean, first_error, read_toml
from sim.settings import resolve
from sim.view.page.messages.daily_series import CHARTED
from sim.view.page.messages.glossary import glossary

FOLDER = Path(__file__).resolve().parent.parent / "guides"
LAYERS = ("control", "grey", "danger", "supply", "works", "bombs", "pockets", "start", "names", "thin")
TERM, FIGURE = re.compile(r"\[\[(.+?)\]\]"), re.compile(r"\{(\w+)\}")
MOST_STEPS = 12


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Guess(_Part):
    """A question that is answered before a lever moves: which way a measure goes within some days."""

    lever: str = Field(description="parameter, by dotted key or short name")
    value: float | bool = Field(description="what it is set to")
    days: int = Field(ge=1, le=120, description="days until the answer is looked up")
    measure: str = Field("held_km2", description="a charted measure that is compared")
    unit: str = Field("", description="unit of the measure in words")
    same: float = Field(0.0, ge=0.0, description="differences up to this count as none")
    less: str = Field("Less", description="first answer")
    alike: str = Field("About the same", description="second answer")
    more: str = Field("More", description="third answer")

    @field_validator("lever")
    @classmethod
    def _known(cls, name: str) -> str:
        return resolve(name).key

    @field_validator("measure")
    @classmethod
    def _charted(cls, name: str) -> str:
        return _one_of(name, CHARTED, "measure")


class Step(_Part):
    """One step: words, and what the map shows meanwhile. Without a day, place or layers the map stays as it is."""

    title: str = Field(min_length=1, max_length=60)
    text: str = Field(min_length=1, max_length=900, description="[[terms]] of the glossary, {measures} of the day")
    day: int | None = Field(None, ge=0, le=1000, description="the battle runs to the end of this day")
    place: str | None = Field(None, description="name of a place of the map, in the middle of the picture")
    wide_km: float = Field(40.0, ge=2.0, le=200.0, description="width of the picture")
    layers: tuple[str, ...] | None = Field(None, description="layers that are on; the others are off")
    mark: Literal["infiltrating", "tired", "moving", "waiting_longest"] | None = Field(None, description="the unit of this kind nearest to the place gets a note")
    event: str | None = Field(None, description="kind of the newest event that is shown with its reasons; any for any")
    guess: Guess | None = None

    @field_validator("layers")
    @classmethod
    def _layers(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return names if names is None else tuple(_one_of(name, LAYERS, "layer") for name in names)

    @field_validator("text")
    @classmethod
    def _words(cls, text: str) -> str:
        for term in TERM.findall(text):
            if glossary():
                _one_of(term.lower(), glossary(), "term of the glossary")
        for name in FIGURE.findall(text):
            _one_of(name, CHARTED, "measure")
        return " ".join(text.split())


class Guide(_Part):
    """A guide: its name for links, its title, the scenarios that it speaks of, its steps."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    title: str = Field(min_length=1, max_length=80)
    scenarios: tuple[str, ...] = Field((), description="names of the scenarios it is offered with; none: any")
    step: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)

    def message(self) -> dict[str, Any]:
        """The guide as JSON."""
        return self.model_dump(mode="json")


def _one_of(name: str, known: Any, what: str) -> str:
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}.{did_you_mean(name, known)}")
    return name


def read_guide(file: Path) -> Guide:
    """A guide from its file; InputError with file, key and value for what is wrong in it."""
    data = read_toml(file)
    try:
        return Guide.model_validate(data)
    except ValidationError as error:
        known = [key for part in (Guide, Step, Guess) for key in part.model_fields]
        raise first_error(error, str(file), known, data) from None
    except InputError as error:  # a lever that there is not
        raise InputError(f"{file}: {error}") from None


@cache
def shipped() -> tuple[Guide, ...]:
    """The guides of the package."""
    return tuple(read_guide(file) for file in sorted(FOLDER.glob("*.toml")))


OWN: list[Guide] = []  # of whoever started the server: it goes before those of the package


def guide_for(scenario: str) -> dict[str, Any] | None:
    """The guide that is offered with a scenario, as JSON; None when there is none."""
    found = next((g for g in (*OWN, *shipped()) if not g.scenarios or scenario in g.scenarios), None)
    return found.message() if found is not None else None
