"""Every parameter: declared once, in range, with unit, role and source; wrong keys and values are told plainly."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import seeds
from sim.errors import InputError
from sim.forces import BOOK_COLUMNS, FORMATION_COLUMNS, UNIT_COLUMNS
from sim.kinds import KINDS
from sim.phases import PHASES
from sim.quantity import Parameters
from sim.scenario import load_scenario, scenario_names
from sim.settings import EARLIER, Settings, catalog, models, resolve, short_names

EACH = pytest.mark.parametrize("d", catalog().values(), ids=lambda d: d.key)


@EACH
def test_a_declaration_is_complete(d):
    assert d.doc and not d.doc.endswith(".")
    assert d.role in ("lever", "uncertainty", "numeric")
    if d.is_switch:
        assert d.unit == "switch" and d.low is None and d.high is None
    else:
        assert d.kind in (int, float)
        assert d.low is not None and d.high is not None and d.low < d.high
        assert math.isfinite(d.low) and math.isfinite(d.high)
        assert d.default is None or d.low <= d.default <= d.high
    assert type(d.default) is d.kind or (d.default is None and d.unset)


@EACH
def test_a_source_is_known(d):
    assert d.fact in seeds.facts() or re.match(r"modelling assumption$|(series|publication) \S+", d.fact), d.fact


def test_keys_and_short_names():
    assert set(models()) == set(KINDS) | set(PHASES)
    assert all(issubclass(model, Parameters) for model in models().values())
    named = [d.short for d in catalog().values() if d.short]
    assert len(named) == len(set(named)) == len(set(short_names()) - set(EARLIER)) and set(EARLIER.values()) <= set(catalog())
    assert not set(named) & {key.split(".")[-1] for key in catalog() if catalog()[key].short != key.split(".")[-1]}
    assert {"manpower_ratio", "rotation_interval_days"} <= set(named)
    assert resolve("manpower_ratio") is catalog()["command.manpower_ratio"]
    assert len(catalog()) == sum(len(m.model_fields) for m in models().values())


def test_overrides():
    s = Settings({"manpower_ratio": 3, "fire.enabled": "off", "armor.crew": "4", "fpv_team.hit_probability": 0.25})
    assert (s.command.manpower_ratio, s.fire.enabled, s.armor.crew, s.fpv_team.hit_probability) == (3.0, False, 4, 0.25)
    assert s.overrides["command.manpower_ratio"] == 3.0
    flat = s.flat()
    assert list(flat) == list(catalog())
    changed = {k for k in flat if flat[k] != catalog()[k].default}
    assert changed <= set(s.overrides)
    with pytest.raises(ValueError):
        s.fire.enabled = True


BAD = {
    "manpower_rato": (2, "Did you mean 'manpower_ratio'"),
    "comand.manpower_ratio": (2, "Did you mean 'command.manpower_ratio'"),
    "qqqq": (2, "pokrovsk params"),
    "manpower_ratio": (99, "out of range; allowed: 0.5 to 12"),
    "command.manpower_ratio": ("three", "is not a number"),
    "fire.enabled": ("maybe", "is not a switch; allowed: true or false"),
    "armor.crew": (2.5, "is not a whole number"),
    "move.safe_km": (float("nan"), "is not a finite number"),
    "losses.killed_drone": (True, "is not a number"),
}


@pytest.mark.parametrize("key", BAD)
def test_bad_overrides_are_told_plainly(key):
    value, message = BAD[key]
    with pytest.raises(InputError) as e:
        Settings({key: value})
    assert message in str(e.value) and key in str(e.value) and "\n" not in str(e.value)


@given(st.sampled_from(sorted(catalog())), st.data())
def test_a_value_is_in_range_or_refused(key, data):
    d = catalog()[key]
    if d.is_switch:
        value = data.draw(st.booleans())
        assert d.parse(value) is d.parse(str(value)) is value
        return
    value = data.draw(st.integers(-1000, 1000) if d.kind is int else st.floats(-1000, 1000))
    if d.low <= value <= d.high:
        assert d.parse(value) == value == d.parse(repr(value))
    else:
        with pytest.raises(InputError, match=re.escape(key)):
            d.parse(value)


@pytest.mark.parametrize("name", scenario_names())
def test_scenarios_set_parameters_that_exist(name):
    Settings(load_scenario(name).params)


def test_columns_have_meaning():
    for columns in (UNIT_COLUMNS, FORMATION_COLUMNS, BOOK_COLUMNS):
        assert len({c.name for c in columns}) == len(columns)
        assert all(c.doc for c in columns)
