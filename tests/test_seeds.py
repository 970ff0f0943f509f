"""Facts, tables and scenarios: complete, unique, dated, and clear when something is wrong."""

import csv
import datetime as dt
import tomllib
from pathlib import Path

import pytest

import seeds
from sim.errors import InputError
from sim.scenario import RECORD_END, SCHEDULES, load_scenario, scenario_names

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = [ROOT.parent / "shared" / name for name in ("evidence", "evidence-2026-01")]
SPAN_END = dt.date(2025, 8, 31)  # of the baseline, whose dated inputs go on to the end of the record
GRADES = {"high", "medium", "low", "assumed"}
needs_evidence = pytest.mark.skipif(
    not all(f.is_dir() for f in EVIDENCE), reason="the evidence packages are not beside the repository"
)


def rows(file):
    with open(file, encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_every_fact_is_complete():
    found = seeds.facts()
    assert len(found) > 150
    for fact in found.values():
        assert fact.unit and fact.quantity and fact.source, fact.id
        assert fact.grade in GRADES, fact.id
        assert fact.value is not None or fact.low is not None or fact.high is not None, fact.id
        dates = [d for d in (fact.period_start, fact.period_end) if d]
        assert dates, fact.id
        assert all(dt.date.fromisoformat(d) <= RECORD_END for d in dates), fact.id
        if isinstance(fact.low, int | float) and isinstance(fact.high, int | float):
            assert fact.low <= fact.high, fact.id


def test_fact_ids_are_unique():
    ids = [f["id"] for p in seeds.path("facts").glob("*.toml") for f in tomllib.loads(p.read_text("utf-8"))["fact"]]
    assert len(ids) == len(set(ids))


@needs_evidence
@pytest.mark.parametrize("folder", EVIDENCE, ids=lambda f: f.name)
def test_every_figure_of_the_evidence_is_a_fact_with_its_value_and_source(folder):
    known = seeds.facts()
    for r in [*rows(folder / "figures.csv"), *rows(folder / "signatures.csv")]:
        fact = known[r["id"]]
        assert not r["value"] or str(fact.value) == r["value"] or float(fact.value) == float(r["value"]), fact.id
        assert (fact.period_start, fact.period_end) == (r["period_start"], r["period_end"]), fact.id
        assert "source" not in r or fact.source, fact.id


@needs_evidence
def test_series_and_dates_of_control_are_those_of_the_last_evidence():
    first, last = EVIDENCE
    for name in ("area_daily", "area_monthly", "losses_monthly"):
        assert rows(last / f"{name}.csv") == seeds.table(name)
    assert {r["id"] for r in rows(first / "settlements.csv")} == {r["id"] for r in seeds.table("settlements")}
    control = {r["id"]: r for r in seeds.table("control")}
    found = rows(last / "control.csv")
    assert {r["id"] for r in found} == set(control)
    for r in found:
        for ours in ("captured", "recaptured", "captured_2", "recaptured_2", "foot_5", "foot_50", "foot_80", "foot_95"):
            theirs = f"{ours}pct" if ours.startswith("foot") else ours
            assert control[r["id"]][ours] == r[theirs], r["id"]


def test_tables_name_known_places_and_end_with_the_record():
    known = {r["id"] for name in ("settlements", "settlements_avdiivka") for r in seeds.table(name)}
    for name in ("control", "control_early", "control_avdiivka"):
        for r in seeds.table(name):
            assert r["id"] in known
            for key in ("captured", "recaptured", "captured_2", "recaptured_2"):
                if r.get(key):
                    assert dt.date.fromisoformat(r[key]) <= RECORD_END
    assert max(r["date"] for r in seeds.table("area_daily")) == RECORD_END.isoformat()
    for name in ("area_monthly", "losses_monthly"):
        assert max(r["month"] for r in seeds.table(name)) == f"{RECORD_END:%Y-%m}"


def test_unknown_table():
    with pytest.raises(FileNotFoundError, match="no table"):
        seeds.table("nothing")


@pytest.mark.parametrize("name", scenario_names())
def test_scenarios_load_and_give_their_sources(name):
    s = load_scenario(name)
    for entry in (*s.formation, *s.objective, *s.other_front, *s.deadline, *s.belt, *s.schedule):
        assert entry.source, entry
        assert entry.grade in GRADES
    assert {e.key for e in s.schedule} == set(SCHEDULES)
    if not s.map.synthetic:
        assert s.start + dt.timedelta(days=s.days - 1) <= RECORD_END
        dates = [d for f in s.formation for d in (f.arrive, f.leave) if d]
        dates += [d for b in s.belt for d in (b.built_from, b.built_to) if d] + [e.date for e in s.schedule]
        dates += [d for o in (*s.other_front, *s.deadline) for d in (o.start, o.end)]
        assert max(dates) <= RECORD_END
    names = [f.name for f in s.formation]
    assert len(names) == len(set(names))


def test_the_baseline_keeps_its_span():
    s = load_scenario("pokrovsk-2024")
    assert s.start == dt.date(2024, 7, 8)
    assert s.start + dt.timedelta(days=s.days - 1) == SPAN_END
    start = [f for f in s.formation if f.arrive is None]
    men = {side: sum(f.infantry for f in start if f.side == side) for side in ("attacker", "defender")}
    assert 34_000 <= men["attacker"] <= 38_000
    assert 8_500 <= men["defender"] <= 9_500


def test_inputs_dated_after_the_span_change_nothing_within_it():
    """Every series has a value of its own on the last day, or none later: what is added beyond cannot bend it before."""
    s = load_scenario("pokrovsk-2024")
    for key in SCHEDULES:
        dates = sorted(e.date for e in s.schedule if e.key == key)
        assert SPAN_END in dates or max(dates) < SPAN_END, key
    assert max(e.date for e in s.schedule) > SPAN_END
    going_on = [o.name for o in s.other_front if o.end > SPAN_END]
    assert going_on and all(o.end == RECORD_END for o in s.other_front if o.name in going_on)


BAD = {
    "unknown key": ("colour = 3", "unknown key"),
    "side": ('[[formation]]\nname = "x"\nside = "north"\ninfantry = 5', "side"),
    "date": ('start = "2024-13-01"', "start"),
    "outside the record": ("start = 2026-02-01", "outside the record"),
    "not a number": ("[box]\nwidth_km = nan", "width_km"),
    "schedule": ('[[schedule]]\nkey = "shels_attacker"\ndate = 2024-08-01\nvalue = 1', "Did you mean"),
    "empty": (None, "empty"),
    "malformed": ("start = = 3", "not a TOML file"),
    "no formation": ("formation = []", "formation"),
    "step": ("step_hours = 5", "divide the day"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_scenarios_give_one_clear_line(case, tmp_path):
    text, word = BAD[case]
    file = tmp_path / "mine.toml"
    file.write_text("" if text is None else f'base = "pokrovsk-2024"\n{text}\n', "utf-8")
    with pytest.raises(InputError) as e:
        load_scenario(file)
    assert word in str(e.value)
    assert "\n" not in str(e.value)


def test_unknown_scenario_is_guessed():
    with pytest.raises(InputError, match="Did you mean 'skirmish'"):
        load_scenario("skirmsh")
