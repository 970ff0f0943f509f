"""The public record of ground is read in one place."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

import seeds
import sim
from experiments.observation import record as observation
from sim.record import area_columns, has_record, recorded_areas
from sim.scenario import load_scenario
from sim.view import public_record


@pytest.mark.parametrize("part, name", [("box", "box"), ("direction", "pd")])
def test_areas_are_those_of_the_table(part, name):
    rows = [r for r in seeds.table("area_daily") if r[f"occ_{name}_km2"]]
    found, other = recorded_areas(part), observation.areas(part)
    assert found.date.tolist() == [dt.date.fromisoformat(r["date"]) for r in rows]
    assert found.held.tolist() == other.held.tolist() == [float(r[f"occ_{name}_km2"]) for r in rows]
    assert found.gained.sum() == other.gained.sum() == pytest.approx(sum(float(r[f"gained_{name}"] or 0) for r in rows))
    assert set(area_columns("front_km_smooth")) == {"date", "front_km_smooth"}
    assert np.array_equal(observation.states()["front_km"], area_columns("front_km_smooth")["front_km_smooth"])


def test_the_view_shows_the_same():
    scenario = load_scenario("pokrovsk-2024", days=30)
    shown, whole = public_record.recorded(scenario), recorded_areas()
    assert shown.held[0] == whole.held[0] and 7 < len(shown.date) <= 31
    assert has_record(scenario) and not has_record(load_scenario("skirmish"))


def test_no_other_file_reads_the_areas():
    root = Path(sim.__file__).parents[1]
    files = [f for package in ("sim", "experiments") for f in (root / package).rglob("*.py")]
    readers = {f.relative_to(root).as_posix() for f in files if 'table("area_daily")' in f.read_text("utf-8")}
    assert readers == {"sim/record.py"}
