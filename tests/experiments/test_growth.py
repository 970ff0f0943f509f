"""Sweeps that grow, runs that stop on a condition, several folders together, progress without a terminal."""

import numpy as np
import pytest

from experiments import load
from experiments.cli import app
from experiments.runs.simulation import simulate
from experiments.runs.stop_condition import StopCondition
from experiments.storage import sweep_folder
from experiments.sweep import pool, progress
from experiments.sweep.study_sweep import sweep
from sim.errors import InputError
from sim.view.page.session.recorded_run import read_run

STUDY = """
name = "small"
scenario = "skirmish"
design = "factorial"
replicates = 2
days = 2
measures = ["held_km2", "casualties_attacker"]
[factors]
manpower_ratio = [1.0, 2.0]
works = { bundles = { with = {}, without = { belts = false } } }
"""


@pytest.fixture
def swept(tmp_path):
    """Sweeps a changed study into one folder and returns how that ended."""

    def swept(*changes, folder=tmp_path / "o", **more):
        text = STUDY
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "small.toml").write_text(text)
        return sweep(tmp_path / "small.toml", folder, executor=pool.Here(), **more)

    return swept


MORE_SEEDS = ("replicates = 2", "replicates = 3")
MORE_LEVELS = ("[1.0, 2.0]", "[0.5, 1.0, 1.5, 2.0]")
DAILY = ("days = 2\n", "days = 2\ndaily = true\n")
MEASURE = ('"casualties_attacker"]', '"casualties_attacker", "front_km"]')


def same_as_new(swept, folder, *changes):
    """A grown sweep is the sweep that would have been made at once."""
    new = folder.parent / "new"
    swept(*changes, folder=new)
    grown, once = load(folder), load(new)
    names = [c for c in once.runs.columns if not c.startswith("exec_")]
    assert grown.runs[names].equals(once.runs[names])
    assert grown.matrix("held_km2").equals(once.matrix("held_km2"))
    if once.read_daily:
        assert grown.daily.equals(once.daily)
    return True


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ([MORE_SEEDS], 4),
        ([MORE_LEVELS], 8),
        ([MORE_SEEDS, MORE_LEVELS], 16),
        ([("[1.0, 2.0]", "[2.0, 1.0]")], 0),
        ([("replicates = 2", "replicates = 2\nseed = 2")], None),
        ([DAILY], 8),
        ([("days = 2\n", 'days = 2\nevents = true\nmaps = "last"\n')], 8),
    ],
)
def test_what_is_there_stays_and_what_is_lacking_is_made(swept, tmp_path, changes, made):
    swept()
    before = set(load(tmp_path / "o").runs["exec_finished"])
    if made is None:
        with pytest.raises(InputError, match=r"seed: 1 there, 2 now.*4 of its runs are not in the study now"):
            swept(*changes)
        return
    done = swept(*changes)
    assert (done.made, done.done) == (made, done.total)
    assert swept(*changes).made == 0
    if DAILY not in changes and made < done.total:
        assert before <= set(load(tmp_path / "o").runs["exec_finished"])
    assert same_as_new(swept, tmp_path / "o", *changes)


def test_another_kept_measure_makes_the_days_that_are_lacking(swept, tmp_path):
    swept(DAILY)
    assert swept(DAILY, MEASURE).made == 8
    assert load(tmp_path / "o").daily["front_km"].notna().all()
    assert same_as_new(swept, tmp_path / "o", DAILY, MEASURE)
    assert swept(DAILY).made == 0  # less is kept by the study, and all is there


def test_old_rows_stay_until_new_ones_are_there(swept, tmp_path):
    swept()
    done = swept(DAILY, limit=3)
    assert (done.made, done.done) == (3, 3)
    assert len(load(tmp_path / "o").done) == 8
    assert swept(DAILY).made == 5
    assert same_as_new(swept, tmp_path / "o", DAILY)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("days = 2", "days = 3"), "days: 2 there, 3 now"),
        (("[1.0, 2.0]", "[1.0, 3.0]"), "factors.manpower_ratio: .1.0, 2.0. there, .1.0, 3.0. now"),
        (("belts = false", "belts = true"), "factors.works"),
        (("[factors]", "[set]\nmorale = 0.4\n[factors]"), "set.morale: none there, 0.4 now"),
        (("days = 2\n", 'days = 2\nstop_when = "held_km2 > 900"\n'), "stop_when: none there, held_km2 > 900 now"),
    ],
)
def test_a_refusal_says_what_differs(swept, change, words):
    swept()
    with pytest.raises(InputError, match=words) as refused:
        swept(change)
    assert "\n" not in str(refused.value)


SAMPLE = 'name = "small"\nscenario = "skirmish"\nreplicates = 1\ndays = 1\nmeasures = ["held_km2"]\n'
RANGES = "[factors]\nmanpower_ratio = { low = 1.0, high = 2.0 }\nmorale = {}\n"


def sampled(tmp_path, settings, ranges=RANGES):
    (tmp_path / "small.toml").write_text(f"{SAMPLE}{settings}\n{ranges}")
    return sweep(tmp_path / "small.toml", tmp_path / "o", executor=pool.Here(), quiet=True)


@pytest.mark.parametrize(("few", "more", "made"), [
    ('design = "sobol"\npoints = 2', 'design = "sobol"\npoints = 4', 8), ('design = "morris"\npoints = 2\nlevels = 4', 'design = "morris"\npoints = 3\nlevels = 4', 3),
])  # fmt: skip
def test_designs_of_whole_blocks_grow(tmp_path, few, more, made):
    first = sampled(tmp_path, few).total
    assert (sampled(tmp_path, more).made, sampled(tmp_path, more).total) == (made, first + made)


@pytest.mark.parametrize(("change", "words"), [
    ((('points = 3', 'points = 4'),), "points: 3 there, 4 now"),
    ((('points = 3', 'points = 3\nseed = 2'),), "seed: 1 there, 2 now"),
    ((('points = 3', 'points = 3\ndays = 2'), ("days = 1\n", "")), "days: 1 there, 2 now"),
    ((('design = "lhs"', 'design = "sobol"'), ("points = 3", "points = 2")), "design: lhs there, sobol now"),
    ((("high = 2.0", "high = 3.0"),), "factors.manpower_ratio: .*2.0.* there, .*3.0.* now"),
])  # fmt: skip
def test_a_sample_that_lies_elsewhere_is_refused_and_keeps_its_runs(tmp_path, change, words):
    text = f'design = "lhs"\npoints = 3\n{RANGES}'
    before = sampled(tmp_path, text, "").total
    whole = SAMPLE + text
    for old, new in change:
        assert old in whole
        whole = whole.replace(old, new, 1)
    (tmp_path / "small.toml").write_text(whole)
    with pytest.raises(InputError, match=rf"\({words}.*of its runs are not in the study now; give another --out, or remove the folder") as refused:
        sweep(tmp_path / "small.toml", tmp_path / "o", executor=pool.Here(), quiet=True)
    assert "\n" not in str(refused.value)
    assert len(load(tmp_path / "o").done) == before


def test_a_stop_while_a_sweep_grows_is_noticed_and_mended(swept, tmp_path, monkeypatch):
    swept()

    def stopped(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sweep_folder, "write_manifest", stopped)
        with pytest.raises(KeyboardInterrupt):
            swept(MORE_LEVELS)
    with pytest.raises(InputError, match="stopped while it grew; the same `pokrovsk sweep` finishes that"):
        load(tmp_path / "o")
    assert swept(MORE_LEVELS).made == 8
    assert same_as_new(swept, tmp_path / "o", MORE_LEVELS)


# Several folders


def test_several_folders_are_loaded_as_one(swept, tmp_path):
    swept(folder=tmp_path / "a")
    swept(("replicates = 2", "replicates = 3\nseed = 2"), folder=tmp_path / "b")  # seed 2 is in both
    swept(("replicates = 2", "replicates = 4"), folder=tmp_path / "whole")
    both, whole = load(tmp_path / "a", tmp_path / "b"), load(tmp_path / "whole")
    assert both.seeds == [1, 2, 3, 4]
    assert len(both.runs) == 16
    assert both.matrix("held_km2").equals(whole.matrix("held_km2"))
    swept(("[1.0, 2.0]", "[3.0, 4.0]"), folder=tmp_path / "c")
    levels = load(tmp_path / "a", tmp_path / "c")
    assert sorted(levels.points["manpower_ratio"].unique()) == [1.0, 2.0, 3.0, 4.0]
    assert levels.matrix("held_km2").shape == (8, 2)
    swept(DAILY, folder=tmp_path / "d")
    swept(DAILY, ("[1.0, 2.0]", "[3.0, 4.0]"), folder=tmp_path / "e")
    days = load(tmp_path / "d", tmp_path / "e")
    assert len(days.daily) == 16 * 3
    last = days.daily[days.daily["day"] == 2].set_index("run")["held_km2"]
    assert last.to_numpy() == pytest.approx(days.runs.set_index("run").loc[last.index, "held_km2"].to_numpy(), abs=1e-5)


def test_folders_that_do_not_fit_are_refused(swept, tmp_path):
    swept(folder=tmp_path / "a")
    swept(("days = 2", "days = 3"), folder=tmp_path / "b")
    with pytest.raises(InputError, match="differ in days"):
        load(tmp_path / "a", tmp_path / "b")
    swept(("days = 2\n", "days = 2\nchanges = { cell_km = 2 }\n"), folder=tmp_path / "coarse")
    with pytest.raises(InputError, match="different scenarios 'skirmish'"):
        load(tmp_path / "a", tmp_path / "coarse")
    swept(("works = {", "cover = {"), folder=tmp_path / "c")
    with pytest.raises(InputError, match="has the factors manpower_ratio, works"):
        load(tmp_path / "a", tmp_path / "c")


# Runs that stop, and what happened in them


def test_a_run_ends_on_the_day_on_which_its_condition_is_met():
    whole = simulate("skirmish", 1, days=6)
    day = int(np.argmax(whole.daily["casualties_attacker"] > 10))
    assert 0 < day < 6
    short = simulate("skirmish", 1, days=6, stop_when="casualties_attacker > 10")
    assert short.stopped == f"casualties_attacker > 10 on day {day}"
    assert short.daily["day"].tolist() == list(range(day + 1))
    assert all(np.array_equal(short.daily[n], whole.daily[n][: day + 1], equal_nan=whole.daily[n].dtype.kind == "f") for n in whole.daily)
    assert short.key != whole.key
    assert simulate("skirmish", 1, days=2, stop_when="held_km2 < 0").stopped == ""


def command(capsys, *words):
    code = app._status([*map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_pokrovsk_run_ends_on_a_condition_too(tmp_path, capsys):
    words = ("run", "skirmish", "--days", 6, "--runs", 3, "--workers", 1, "--stop-when", "casualties_attacker > 18", "--quiet")
    assert command(capsys, *words, "--out", tmp_path / "a")[0] == 0
    results = load(tmp_path / "a")
    days = results.daily.groupby("run")["day"].max()
    assert results.runs["stopped"].tolist() == [f"casualties_attacker > 18 on day {day}" for day in days]
    assert len(set(days)) > 1, "the runs should be of different length"
    for run, last in days.items():
        alone = simulate("skirmish", int(run) + 1, days=6, stop_when="casualties_attacker > 18")
        maps = results.to_xarray().sel(run=run)
        assert maps["there"].values.tolist() == [day <= last for day in maps["day"].values]
        assert np.array_equal(maps["control"].values[: last + 1], alone.control)
        assert not maps["control"].values[last + 1 :].any()
        assert results.runs["run_key"][run] == alone.key
        assert read_run(tmp_path / "a", str(run + 1)).day == last
    assert command(capsys, "run", tmp_path / "a" / "manifest.toml", "--workers", 1, "--quiet", "--out", tmp_path / "b")[0] == 0
    assert (tmp_path / "b" / "control.npz").read_bytes() == (tmp_path / "a" / "control.npz").read_bytes()
    code, _, err = command(capsys, "run", "skirmish", "--days", 6, "--quiet", "--out", tmp_path / "a")
    assert code == 2 and "holds another run" in err
    code, _, err = command(capsys, "run", "skirmish", "--stop-when", "held > 3", "--out", tmp_path / "c")
    assert code == 2 and "unknown measure 'held'" in err and not (tmp_path / "c").exists()


def test_a_sweep_says_why_its_runs_ended_and_what_happened(swept, tmp_path):
    swept(("days = 2\n", 'days = 6\ndaily = true\nevents = true\nmaps = "last"\nstop_when = "casualties_attacker >= 20 and day > 1"\n'))
    results = load(tmp_path / "o")
    stopped = results.runs[results.runs["stopped"].notna()]
    assert len(stopped) > 0
    for row in stopped.itertuples():
        day = int(row.stopped.rsplit(" ", 1)[1])
        assert row.stopped.startswith("casualties_attacker >= 20 and day > 1 on day")
        days = results.daily[results.daily["run"] == row.run]
        assert days["day"].max() == day
        assert days["casualties_attacker"].iloc[-1] >= 20
        assert (days["casualties_attacker"].iloc[:-1][days["day"].iloc[:-1] > 1] < 20).all()
    events = results.events
    assert {"run", "point", "seed", "step", "day", "date", "kind", "x_km", "y_km", "number", "words"} <= set(events)
    assert set(events["run"]) <= set(results.runs["run"])
    assert {"run", "settlement", "captured", "recaptured"} <= set(results.captures)


@pytest.mark.parametrize(
    ("text", "figures", "met"),
    [
        ("held_km2 > 900", {"held_km2": 901.0}, True),
        ("held_km2 > 900", {"held_km2": 900.0}, False),
        ("held_km2 > 900 and day >= 30", {"held_km2": 901.0, "day": 29}, False),
        ("held_km2 > 900 or day >= 30", {"held_km2": 1.0, "day": 30}, True),
        ("not (10 < held_km2 <= 20)", {"held_km2": 20.0}, False),
        ("gained_km2 - lost_km2 > 2 * 5", {"gained_km2": 12.0, "lost_km2": 1.0}, True),
        ("casualties_attacker / gained_km2 > 100", {"casualties_attacker": 5.0, "gained_km2": 0.0}, False),
        ("price_per_km2 > 1", {"price_per_km2": float("nan")}, False),
    ],
)
def test_conditions(text, figures, met):
    assert StopCondition(text).is_met(figures) is met


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a condition"),
        ("held_km2 >", "is not a condition"),
        ("held_km2", "is not a condition"),
        ("held_km > 3", "unknown measure 'held_km'.*Did you mean 'held_km2'"),
        ("__import__('os').system('true') > 0", "unknown measure '__import__'"),
        ("held_km2.real > 0", "is not a condition"),
        ("held_km2 > True", "is not a condition"),
        ("held_km2 in (1, 2)", "is not a condition"),
        ("held_km2 ** 99 ** 99 > 1", "is not a condition"),
        ("(" * 500 + "held_km2 > 1" + ")" * 500, "is not a condition"),
        ("held_km2 > '3'", "is not a condition"),
    ],
)
def test_what_is_no_condition(text, words):
    with pytest.raises(InputError, match=f"(?s)stop_when: .*{words}"):
        StopCondition(text)


def test_a_study_with_a_wrong_condition_is_refused(swept):
    with pytest.raises(InputError, match="stop_when: 'held > 3' has the unknown measure 'held'"):
        swept(("days = 2\n", 'days = 2\nstop_when = "held > 3"\n'))


# Progress


def test_without_a_terminal_there_is_a_line_now_and_then(swept, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "NEXT_LINES_S", 0.0)
    monkeypatch.setattr(progress.Lines, "_next", 0.0)
    swept()
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith("pokrovsk: small: ") and " of 8 runs done" in line for line in lines)
    assert any("a minute" in line and "left" in line for line in lines)
    swept(folder=tmp_path / "quiet", quiet=True)
    assert capsys.readouterr().err == ""


def test_progress_tells_days_under_way_and_no_time_left_of_what_is_over(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    shown = progress.Lines("small", 2, 10)
    clock[0] = 30.0
    shown.day(1, 5)
    assert shown.text() == "0 of 2 runs done, 5 of 10 days of those under way, 1 a minute, about 2 minutes left"
    shown.day(1, 10)
    shown.day(2, 10)
    assert shown.text() == "0 of 2 runs done, the last ones are being written"
    shown.ended([1, 2], 1)
    assert shown.text().startswith("2 of 2 runs done, 1 failed") and "last ones" not in shown.text()
