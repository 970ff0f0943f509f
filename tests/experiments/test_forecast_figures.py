"""Posterior, forecast and scorecard as they are shipped: what is read is what was written, and charts say what is in it."""

import datetime as dt
import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers.made_up_fit import plan
from helpers.made_up_forecast import written

import seeds
from experiments.calibration import identifiability, posterior
from experiments.calibration.posterior import Posterior
from experiments.calibration.priors import prior_from_manifest
from experiments.figures import forecasts
from experiments.figures import posterior as figures_posterior
from experiments.forecasting import files
from experiments.forecasting.scores import Scores
from experiments.observation import record
from experiments.validation import archive, inputs, scorecard
from experiments.validation.rows import forecast_skill
from sim.errors import InputError, InputNote
from sim.settings import catalog
from sim.view.charts.monthly_gains import Gains


def is_drawn(chart):
    return len(chart._repr_png_()) > 10_000 and chart.table.rows


# Forecasts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written(tmp_path_factory.mktemp("forecast") / "blind", "2025-06-30", "2025-11-01")


@pytest.fixture(scope="module")
def told(folder):
    return files.read(folder)


def test_a_forecast_is_read_as_it_was_written(told):
    assert (told.first, told.last, told.n) == (dt.date(2025, 6, 30), dt.date(2025, 11, 1), 20)
    assert told.seeds == list(range(1_000_001, 1_000_021))
    assert told.months == ["2025-07", "2025-08", "2025-09", "2025-10", "2025-11"]
    assert np.array_equal(told.net("box"), 10.0 * np.arange(20)[:, None] * np.ones(5))
    assert np.array_equal(told.net("direction"), told.net("box") / 2)
    (chance,) = told.chance.values()
    assert chance.shape == (80, 80) and not chance[0].any()  # the southern row comes first again
    assert (chance[1:, 40:] == 1).all() and (chance[1:, 20:40] == 0.5).all() and not chance[:, :20].any()
    with pytest.raises(InputError, match=r"part 'oblast'; allowed: box, direction\."):
        told.net("oblast")


def test_months_stand_beside_the_record_as_far_as_it_goes(told):
    for part in ("box", "direction"):
        areas, net = record.areas(part), told.recorded(part)
        known = dict(zip(areas.months().astype(str), areas.monthly()))
        assert net[:4] == pytest.approx([known[f"2025-{month:02d}"] for month in range(7, 11)])
        assert np.isfinite(net[4]), "a part of a month is known too"


def test_the_likeliest_places_come_first_with_their_day(told):
    table = told.likely(3)
    assert table["chance"].tolist() == [9 / 20, 8 / 20, 7 / 20]
    assert (table["low"] < table["chance"]).all() and (table["chance"] < table["high"]).all()
    assert table["middle"].tolist() == [dt.date(2025, 7, 5), dt.date(2025, 7, 4), dt.date(2025, 7, 4)]
    names = {r["id"]: r["name"] for r in seeds.table("settlements")}
    assert [names[i] for i in table.index] == table["place"].tolist()
    assert told.likely(1000)["chance"].min() == 0.0


def test_what_is_assumed_is_told_in_words(told):
    words = told.assumed
    assert "Nothing dated after 2025-06-30 is used" in words[0]
    assert any(w.startswith("recruits attacker: ") and "held constant" in w for w in words)
    assert len(words) == 2 + len(told.manifest["assumptions"]["schedules"]) + 2 + 3


def broken(name, text):
    def spoil(folder):
        (folder / name).write_text(text, encoding="utf-8")

    return spoil


def changed(**more):
    def spoil(folder):
        file = folder / "forecast.json"
        kept = {**json.loads(file.read_text(encoding="utf-8")), **more}
        file.write_text(json.dumps({k: v for k, v in kept.items() if v is not None}), encoding="utf-8")

    return spoil


def fewer_months(folder):
    pd.read_parquet(folder / "monthly.parquet").iloc[1:].to_parquet(folder / "monthly.parquet")


def no_column(folder):
    pd.read_parquet(folder / "captures.parquet").drop(columns="captured").to_parquet(folder / "captures.parquet")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "forecast.json").unlink(), "holds no forecast"),
        (broken("forecast.json", "{"), "cannot be read"),
        (broken("forecast.json", "[]"), "is not that of a forecast"),
        (changed(schema=99), "newer version"),
        (changed(assumptions=None), "no 'assumptions' in it"),
        (lambda f: (f / "monthly.parquet").unlink(), "monthly.parquet' cannot be read"),
        (broken("captures.parquet", "torn"), "captures.parquet' cannot be read"),
        (no_column, "no column 'captured'"),
        (fewer_months, "not of the same runs and months"),
        (lambda f: (f / "control_2025-11-01.csv").unlink(), "control_2025-11-01.csv' cannot be read"),
        (broken("control_2025-11-01.csv", "0,1\n0"), "control_2025-11-01.csv' cannot be read"),
        (broken("control_2025-11-01.csv", "0,1\n0,7"), "no chance; allowed: 0 to 1"),
    ],
)
def test_broken_forecasts_give_one_clear_line(spoil, words, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    spoil(tmp_path / "copy")
    with pytest.raises(InputError, match=words) as caught:
        files.read(tmp_path / "copy")
    assert "\n" not in str(caught.value)


def test_charts_of_a_forecast_say_what_is_in_it(told, quiet):
    months = forecasts.months(told)
    net = told.recorded("box")
    inside = int(((net >= 10 * 0.95) & (net <= 190 * 0.95)).sum())
    assert f"in {inside} of 5 months in the box" in months.title and is_drawn(months)
    assert len(months.table.rows) == 10 and "Record: DeepState" in months.caption
    assert months.table.rows[0][:5] == ("Box of 80 by 80 km", "2025-07", "95", "47.5 to 142", "9.5 to 180")
    control = forecasts.control(told)
    assert is_drawn(control) and "20 runs, seeds 1000001 to 1000020" in control.caption
    assert control.table.rows == (("1 Nov 2025", "3,160", "1,580"),)


def test_a_blind_forecast_tells_its_sum(tmp_path, quiet):
    told = files.read(written(tmp_path, "2026-01-31", "2026-03-31"))
    chart = forecasts.months(told)
    assert np.isnan(told.recorded("box")).all() and told.months == ["2026-02", "2026-03"]
    assert chart.title.endswith("gains 19 to 360 km² in the box by 31 Mar 2026") and is_drawn(chart)
    assert "Record" not in chart.caption and len(chart.table.columns) == 5


def test_a_month_is_inside_when_the_record_lies_in_the_middle_ninety():
    runs = np.tile(np.arange(101.0)[:, None], (1, 4))
    assert Gains("a", runs, np.array([4.9, 5.1, 95.0, np.nan])).inside == 2 and Gains("a", runs).inside == 0


# Posteriors


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A posterior in which the first parameter is known well and the others are as before."""
    folder, calibration = tmp_path_factory.mktemp("posterior"), plan()
    space = calibration.space
    places = space.from_prior((np.random.default_rng(1).permuted(np.tile((np.arange(80) + 0.5) / 80, (3, 1)), axis=1)).T)
    places[:, 0] = 0.5 + 0.1 * (places[:, 0] - 0.5)
    told = {
        **{"scenario": "skirmish", "first": calibration.first, "last": calibration.last, "runs": 300},
        "git_commit": "abc1234",
        "wave": [{"runs": 80, "seeds": [5, 84]}],
        "prior": {"weight": calibration.prior.weight, "log_from": calibration.prior.log_from},
        "parameter": [p.as_dict() for p in space.priors],
    }
    found = Posterior(np.full(80, 1 / 80), pd.DataFrame(space.from_unit(places)), told)
    found.write(folder)
    identifiability.table(space, found).to_csv(folder / posterior.IDENTIFIABILITY, index=False)
    pd.DataFrame(
        {
            **{"target": ["net", "sd", "share"], "unit": ["km2", "km2", ""], "observed": [10.0, 9.0, 0.5]},
            **{"compared_as": ["value", "logarithm", "value"], "runs_low": [5.0, 1.0, 0.1]},
            **{"runs_median": [8.0, 2.0, 0.2], "runs_high": [12.0, 4.0, 0.4]},
        }
    ).to_csv(folder / posterior.TARGETS, index=False)
    return folder


def test_a_prior_is_that_of_the_manifest():
    priors = plan().space.priors
    assert [prior_from_manifest(p.as_dict(), p.form) for p in priors] == list(priors)


def test_charts_of_a_posterior_say_what_was_learned(fitted, quiet):
    sets = posterior.load(fitted)
    chart = figures_posterior.prior_posterior(sets)
    assert "identifies 1 of 3 parameters" in chart.title and is_drawn(chart)
    assert chart.table.rows[0][0] == sets.keys[0] and chart.table.rows[0][-1] == "yes"
    assert "80 runs, seeds 5 to 84, scenario skirmish, commit abc1234" in chart.caption
    targets = figures_posterior.targets(sets)
    assert "in 1 of 3 targets" in targets.title and is_drawn(targets)
    assert targets.table.rows[1] == ("sd, km²", "9", "2", "1 to 4", "outside")


def test_a_posterior_fitted_under_earlier_rules_gives_what_is_left_of_it(fitted, tmp_path, quiet):
    """One note names the parameters that are gone; sets, medoid and charts do without them. A misspelled column is refused still."""
    folder = shutil.copytree(fitted, tmp_path / "copy")
    first, *others = posterior.load(fitted).keys
    for file in folder.iterdir():
        if file.suffix in (".csv", ".toml"):
            file.write_text(file.read_text("utf-8").replace(first, "fire.courage"), encoding="utf-8")
    with pytest.warns(InputNote, match=r"earlier rules.*: fire\.courage\. `pokrovsk calibrate`") as told:
        sets = posterior.load(folder)
    assert len(told) == 1 and "\n" not in str(told[0].message)
    assert sets.gone == ("fire.courage",) and sets.n == 80 and sets.keys == others
    assert set(sets.medoid) == set(sets.draw(3)) == set(others) == set(sets.identifiability["key"])
    assert "of 2 parameters" in figures_posterior.prior_posterior(sets).title
    sample = folder / posterior.SAMPLE
    sample.write_text(sample.read_text("utf-8").replace(others[0], others[0][:-1]), encoding="utf-8")
    with pytest.raises(InputError, match="Did you mean"):
        posterior.load(folder)


def test_the_shipped_posterior_can_be_read():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputNote)
        sets = posterior.load()
    assert sets.n >= 100 and len(sets.keys) >= 20 and set(sets.keys) <= set(catalog())


def test_tables_of_a_posterior_that_are_not_there_give_one_clear_line(fitted, tmp_path):
    shutil.copytree(fitted, tmp_path / "copy")
    (tmp_path / "copy" / posterior.TARGETS).unlink()
    (tmp_path / "copy" / posterior.IDENTIFIABILITY).write_text("key,unit\n", encoding="utf-8")
    sets = posterior.load(tmp_path / "copy")
    for ask, words in (
        (lambda: sets.targets, "cannot be read"),
        (lambda: sets.identifiability, "no column 'prior_low'"),
        (lambda: Posterior(sets.weight, sets.sets).targets, "not read from a folder"),
        (lambda: figures_posterior.prior_posterior(sets, posterior.load(fitted).identifiability[1:]), "not of the parameters"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            ask()
        assert "\n" not in str(caught.value)


# Scorecards


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """A card of three rows: T1 passes, T2 fails, T28 has skill of a half but against persistence."""
    flat = {what: np.full(6, 1.0) + 0.1 * np.arange(6) for what in forecast_skill.WORDS}
    other = lambda name, by: Scores(name, {w: by * v for w, v in flat.items()})  # noqa: E731
    found = forecast_skill.Skill(
        Scores("model", flat, {("monthly box", 0.9): forecast_skill.scores.intervals.of_share(9, 10)}),
        [
            other("persistence", 0.8),
            other("linear extrapolation", 2.0),
            other("random walk", 2.0),
            other("two-box Lanchester", 2.0),
        ],
    )
    luck = np.random.default_rng(1).normal(0, 1, 100)
    folder = tmp_path_factory.mktemp("scorecards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs.RowInputs, "aimed", lambda self: 173.2 + luck)
        patch.setattr(inputs.RowInputs, "area", lambda self: 173.2 + luck)
        patch.setattr(inputs.RowInputs, "validation", lambda self: found)
        scorecard.validate(only=["T1", "T2", "T28"], quick=True, out=folder / "2025-10-01")
        scorecard.validate(only=["T1"], quick=True, out=folder / "2025-11-01")
    return folder


def test_the_shipped_card_is_the_one_with_most_rows(card, monkeypatch, tmp_path):
    monkeypatch.setattr(seeds, "path", lambda *parts: card)
    told = archive.read()
    assert told["counts"]["pass"] == 1 and told["counts"]["fail"] == 2
    assert archive.read(card / "2025-11-01")["counts"]["fail"] == 0
    monkeypatch.setattr(seeds, "path", lambda *parts: tmp_path)
    with pytest.raises(InputError, match="no scorecard is shipped"):
        archive.read()


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "holds no scorecard"), ("{", "cannot be read"), ("[]", "is not a scorecard"),
     ('{"schema": 99, "made": "", "rows": [], "counts": {}}', "newer version")],
)  # fmt: skip
def test_broken_cards_give_one_clear_line(text, words, tmp_path):
    if text is not None:
        (tmp_path / "scorecard.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        archive.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_rows_and_figures_of_a_card(card):
    told = archive.read(card / "2025-10-01")
    two = archive.only(told, "T1", "T2")
    assert [r["id"] for r in two["rows"]] == ["T1", "T2"] and (two["counts"]["pass"], two["counts"]["fail"]) == (1, 1)
    failed = archive.figures(told, "fail")
    assert failed.loc["T2", "record or law"] == "100" and failed.loc["T2", "accepted"] == "95 to 105"
    assert len(failed.loc["T28"]) == 4 and failed.loc["T28", "figure"].str.endswith("against persistence").all()
    with pytest.raises(InputError, match="no row 'T99'"):
        archive.only(told, "T99")


def test_skills_of_a_card(card, told, quiet):
    card = archive.read(card / "2025-10-01")
    table = archive.skills(card)
    assert list(table.index) == list(forecast_skill.WORDS.values()) and len(table.columns) == 4
    assert table.loc["monthly net gain of the box", "persistence"].startswith("−0.25")
    assert table.loc["days of capture", "random walk"].startswith("+0.5")
    scores = archive.mean_scores(card)
    assert scores[0].startswith("CRPS of monthly net gain of the box: ") and scores[0].endswith(" km2, n = 6.")
    assert scores[4].startswith("Brier score of control by cell: ") and len(scores) == 6
    assert archive.coverage(card)[0].startswith("coverage of 90 % bands, monthly net gain of the box: 90 % (95 % interval ")
    chart = forecasts.skill(card, told)
    assert chart.title == "Skill is above 0 in 8 of 12 comparisons, and its interval in 8" and is_drawn(chart)
    assert "20 runs" in chart.caption and "No ensemble" not in chart.caption


def test_an_older_card_gives_no_figure_that_pools_areas():
    """The shipped card of 23 November 2026 scored box and direction together; months come from the forecast's files instead."""
    old = archive.read(seeds.path("scorecards", "2026-11-23"))
    names = list(archive.skills(old).index)
    assert names == ["weekly net gain", "control by cell", "days of capture"]
    assert archive.coverage(old) == []
    saved = files.read(seeds.path("forecasts", "2025-05-01"))
    table = archive.skills(old, saved)
    assert table.loc["monthly net gain of the box", "random walk"] == "+0.39"
    assert table.loc["monthly net gain of the Pokrovsk direction", "random walk"] == "−0.66"
    assert len(archive.coverage(old, saved)) == 4


def test_a_card_without_skills_says_why(card):
    with pytest.raises(InputError, match=r"holds no skills: T28 not run\."):
        archive.skills(archive.read(card / "2025-11-01"))
