"""The observation model: maps lag and come in batches, areas add up, claims are claims; and the record is read as it is."""

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest

import seeds
from experiments.observation import publication, record
from experiments.observation.areas import Areas, areas_of
from sim.errors import InputError
from sim.journal import _lasting_changes

EXACT = replace(publication.observation_parameters(), idle=0.0, redraw=1.0, settle_days=1)


def advance(days=60, size=40, pace=0.5):
    """A slanting front that moves east by `pace` cells a day from column 10, evenly: (days, size, size) bool."""
    slant = (np.arange(size) * 0.382 % 1.0)[None, :, None]
    return np.arange(size)[None, None, :] < (10 + pace * np.arange(days))[:, None, None] + slant


def test_ground_is_drawn_when_held_for_most_of_some_days():
    held = np.zeros((12, 1, 1), bool)
    held[3:] = True
    assert publication.settled(held, 5)[:, 0, 0].argmax() == 5  # the third day of holding it
    assert (publication.settled(held, 1) == held).all()


def test_a_day_in_the_grey_zone_is_not_seen():
    held = np.zeros((12, 1, 1), bool)
    held[4:6] = True
    assert not publication.settled(held, 5).any()


def test_an_editor_without_delay_publishes_what_is_held():
    held = advance()
    assert (publication.published_control(held, 1, EXACT) == held).all()


def test_nothing_is_published_by_an_idle_editor():
    held = advance()
    assert (publication.published_control(held, 1, replace(EXACT, idle=1.1)) == held[:1]).all()


def test_maps_lag_and_come_in_batches():
    """Published ground trails what is held by some days, moves on some maps only, and in larger pieces."""
    held = advance(days=200, size=120)
    maps = publication.published_control(held, 1)
    true, seen = held.sum(axis=(1, 2)), maps.sum(axis=(1, 2))
    assert (seen <= true).all() and seen[-1] > 0.9 * true[-1]
    lag = np.mean([np.argmax(seen >= area) - day for day, area in enumerate(true[:150])])
    assert 2 < lag < 8  # days
    steps, drawn = np.diff(true), np.diff(seen)
    assert (drawn == 0).mean() > 0.05 and (steps > 0).all()
    assert drawn.std() > 3 * steps.std()


def test_publication_is_a_function_of_the_seed():
    held = advance()
    assert (publication.published_control(held, 7) == publication.published_control(held, 7)).all()
    assert (publication.published_control(held, 7) != publication.published_control(held, 8)).any()


def test_idle_maps_are_as_frequent_as_the_fact_says():
    held = advance(days=400, size=220)
    maps = publication.published_control(held, 3, replace(publication.observation_parameters(), redraw=1.0))
    idle = (np.diff(maps.sum(axis=(1, 2))) == 0).mean()
    assert idle == pytest.approx(seeds.facts()["obs_idle_maps"].value, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_captures_are_counted_as_the_model_counts_them(seed):
    """On maps of every day, `first_held` gives the first lasting change to held, as the journal does."""
    held = np.random.default_rng(seed).random((60, 30)) < np.linspace(0.1, 0.97, 60)[:, None]
    held[0] = np.arange(30) < 5
    found = publication.first_held(held, np.arange(60))
    for k in range(5, 30):
        taken = [day for day, now in _lasting_changes_inclusive(held[:, k]) if now]
        assert found[k] == (taken[0] if taken else math.inf)
    assert (found[:5] == 0).all()


def _lasting_changes_inclusive(held):
    """The journal asks for seven days from the change on; the record for the seven days after it."""
    out = [(d, now) for d, now in _lasting_changes(held) if now and held[d : d + 8].all()]
    first = next((d for d in range(1, len(held)) if held[d : d + 8].all()), None)
    return out if out and out[0][0] == first else ([(first, True)] if first is not None else [])


def test_areas_add_up():
    maps = publication.published_control(advance(), 2)
    date = np.datetime64("2024-07-08") + np.arange(len(maps))
    areas = areas_of(maps, date, np.ones(maps.shape[1:], bool), 1.0)
    assert areas.net == pytest.approx(areas.gained.sum() - areas.lost.sum())
    assert areas.weekly().sum() <= areas.gained.sum()
    assert len(areas.weekly()) == areas.days // 7


def test_months_of_the_record_are_those_of_its_table():
    """Net gains by month from the maps agree with the published monthly table, to its decimal."""
    table = {r["month"]: float(r["net_box"]) for r in seeds.table("area_monthly")}
    areas = record.areas()
    assert len(areas.months()) == 18 and len(record.areas(last=record.SPAN_END).months()) == 13
    for month, net in zip(areas.months(), areas.monthly()):
        assert net == pytest.approx(table[str(month)], abs=0.06)


def test_area_error_has_the_size_of_the_fact():
    monthly = np.full(1000, 100.0)
    noisy = publication.with_error(monthly, 1)
    assert noisy.mean() == pytest.approx(100, abs=2)
    assert noisy.std() == pytest.approx(100 * seeds.facts()["obs_area_error"].value, rel=0.1)
    assert (publication.with_error(monthly, 1) == noisy).all()


def test_the_mean_lag_is_that_of_the_maps():
    held = advance(days=120, size=80)
    behind = [(held.sum((1, 2)) - publication.published_control(held, seed).sum((1, 2)))[20:].mean() for seed in range(1, 9)]
    pace = np.diff(held.sum((1, 2))).mean()
    assert np.mean(behind) / pace == pytest.approx(publication.lag_days(), abs=0.6)
    assert publication.lag_days(EXACT) == 0


def test_a_battle_begun_from_a_published_map_is_seen_from_that_map_on():
    """What would have been published in the days before it is left out: the map is known."""
    from sim.scenario import load_scenario

    scenario, held = load_scenario("pokrovsk-2024"), advance(days=40, size=80)
    everywhere, first = np.ones((80, 80), bool), dt.date(2024, 7, 13)
    percent = (held * 100).astype(np.uint8)
    whole = publication.publish_maps(percent, scenario, 1, everywhere)
    later = publication.publish_maps(percent, scenario, 1, everywhere, first=first)
    assert later.date[0] == np.datetime64(first) and (later.maps[0] == held[0]).all()
    assert later.date[1] > np.datetime64(first) and (later.maps[1:] == whole.maps[whole.date > np.datetime64(first)]).all()
    assert later.box.net == whole.box.net


def test_claims_and_reports():
    assert publication.claimed(100.0) == 100 * seeds.facts()["obs_claim_attacker"].value
    assert publication.reported_attacks(100.0) == 100 / seeds.facts()["obs_groups_per_attack"].value


def test_a_run_is_seen_by_map_and_by_place():
    from sim.scenario import load_scenario

    scenario = load_scenario("pokrovsk-2024")
    held = advance(days=60, size=80)
    sight = publication.publish_maps((held * 100).astype(np.uint8), scenario, 1, np.ones((80, 80), bool), dt.date(2024, 8, 31))
    assert sight.date[-1] == np.datetime64("2024-08-31")
    assert np.datetime64("2024-08-18") not in sight.date  # no map was published that day
    assert sight.on(dt.date(2024, 8, 19)).sum() == sight.on(dt.date(2024, 8, 17)).sum()
    early, late, never = sight.captured(np.array([11.5, 25.5, 75.5]), np.array([5.5, 5.5, 5.5]))
    assert 0 < early < late < never == math.inf


# The record


def test_places_leave_out_what_is_not_verified():
    places = record.places()
    assert "nykanorivka" not in places.id
    assert places.taken.sum() == 183
    assert record.places(record.SPAN_END).taken.sum() == 151 and record.places(record.SPAN_END).id == places.id


def test_the_record_of_the_box():
    box, span = record.areas(), record.areas(last=record.SPAN_END)
    assert (box.net, span.net) == pytest.approx((2679, 2339), abs=0.5)
    assert isinstance(box, Areas) and box.date[-1] == np.datetime64(record.END)
    assert span.date[-1] == np.datetime64(record.SPAN_END) and (span.held == box.held[: len(span.held)]).all()
    states = record.states()
    assert states["envelopment"][states["date"] == span.date[-1]] == pytest.approx(0.667)
    assert states["envelopment"][-1] == 1
    losses = record.losses()
    assert losses["armor"][list(losses["month"]).index(np.datetime64("2024-08"))] == 193 + 557


@pytest.fixture
def evidence(tmp_path):
    """A folder in the form of the evidence: a front that moves east by a column every ten days."""
    east = np.tile(np.arange(80), (80, 1))
    save = lambda name, values: np.savetxt(tmp_path / name, values[::-1].astype(int), fmt="%d", delimiter=",")  # noqa: E731
    save("front_20240708.csv", east < 10)
    save("front_20250831.csv", east < 51)
    save("cell_capture_day.csv", np.where(east < 10, 0, np.where(east < 51, 10 * (east - 9), -1)))
    back = np.full((80, 80), -1)
    back[0, 12] = 100
    save("cell_recapture_day.csv", back)
    return tmp_path


def test_rasters_tell_the_control_of_any_date(evidence):
    found = record.rasters(evidence)
    assert found.dates == [dt.date(2024, 7, 8), dt.date(2025, 8, 31)]
    later = found.control(record.START + dt.timedelta(days=35))
    assert later[5].sum() == 13 and later[5, 12] and not later[5, 13]
    assert not found.control(record.START + dt.timedelta(days=120))[0, 12]  # southern row, recaptured
    found.write_front(record.START, evidence / "again.csv")
    assert (evidence / "again.csv").read_text() == (evidence / "front_20240708.csv").read_text()


def test_no_folder_no_rasters():
    assert record.rasters(None) is None


BROKEN = {
    "a line is missing": ("front_20240708.csv", lambda t: t.split("\n", 1)[1], "80 by 80"),
    "a value too many": ("front_20240708.csv", lambda t: "0," + t, "another length"),
    "no number": ("front_20240708.csv", lambda t: "x" + t[1:], "no number"),
    "a wrong value": ("front_20240708.csv", lambda t: "7" + t[1:], "value 7; allowed"),
    "a day too late": ("cell_capture_day.csv", lambda t: "999" + t[t.index(",") :], "value 999"),
    "not a date": ("front_2024.csv", lambda t: t, "front_YYYYMMDD"),
    "after the record": ("front_20260201.csv", lambda t: t, "nothing after"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_raster_is_one_clear_line(case, evidence):
    name, change, word = BROKEN[case]
    source = evidence / name if (evidence / name).exists() else evidence / "front_20240708.csv"
    (evidence / name).write_text(change(source.read_text()))
    with pytest.raises(InputError) as e:
        record.rasters(evidence)
    assert word in str(e.value) and "\n" not in str(e.value)


@pytest.mark.parametrize("gone", ["cell_capture_day.csv", "cell_recapture_day.csv"])
def test_a_missing_raster_is_named(gone, evidence):
    (evidence / gone).unlink()
    with pytest.raises(InputError, match=gone):
        record.rasters(evidence)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="not found"):
        record.rasters(tmp_path / "nowhere")
    with pytest.raises(InputError, match="cell_capture_day"):
        record.rasters(tmp_path)
