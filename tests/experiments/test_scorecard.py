"""The scorecard: what the command writes, keeps and prints, and that every bad order is one line."""

import json

import numpy as np
import pytest
from made_up import ensemble, paired_net

import seeds
from experiments.calibration.config import load_plan
from experiments.calibration.summaries import SUMMARIES
from experiments.cli import validate
from experiments.observation import record
from experiments.reporting.scorecard_page import scorecard_page
from experiments.sweep import batches
from experiments.validation import archive, catalog, cost, fit_targets, inputs, scorecard
from experiments.validation.null_inputs import NullInputs
from experiments.validation.null_model import NoBooks, belt
from sim.scenario import load_scenario
from sim.view.charts.scorecard import scorecard_chart

ROWS = [r.id for r in catalog.rows()]
LUCK = np.random.default_rng(20240708).normal(0, 1, 200)


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A card of three rows: one passes, one fails, one has no posterior."""
    monkeypatch.setattr(inputs.RowInputs, "aimed", lambda self: 173.2 + LUCK)
    monkeypatch.setattr(inputs.RowInputs, "area", lambda self: 173.2 + LUCK)
    return scorecard.validate(only=["t1", "T2", "T28"], quick=True, out=tmp_path)


def test_a_card_has_every_row(card, tmp_path):
    verdicts = {r["id"]: r["verdict"] for r in card["rows"]}
    assert len(verdicts) == 36
    assert (verdicts["T1"], verdicts["T2"], verdicts["T28"], verdicts["T3"]) == (
        "pass",
        "fail",
        "no posterior",
        "not run",
    )
    assert card["counts"]["pass"] == 1 and card["counts"]["fail"] == 1
    assert json.loads((tmp_path / "scorecard.json").read_text())["rows"] == card["rows"]


def test_rows_that_are_there_are_kept(card, tmp_path, monkeypatch):
    monkeypatch.setattr(inputs.RowInputs, "halves", lambda self: 0.707 + 0 * LUCK)
    again = scorecard.validate(only=["T3"], quick=True, out=tmp_path)
    verdicts = {r["id"]: r["verdict"] for r in again["rows"]}
    assert (verdicts["T1"], verdicts["T2"], verdicts["T3"]) == ("pass", "fail", "pass")
    other = scorecard.validate(only=["T3"], quick=True, out=tmp_path, runs=9)  # another effort: nothing is kept
    assert {r["id"] for r in other["rows"] if r["verdict"] != "not run"} == {"T3"}


def test_a_stop_keeps_what_was_judged(tmp_path, monkeypatch):
    def stop(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(inputs.RowInputs, "aimed", lambda self: 173.2 + LUCK)
    monkeypatch.setattr(inputs.RowInputs, "area", stop)
    assert scorecard.validate(only=["T1", "T2"], quick=True, out=tmp_path)["stopped"]
    kept = {r["id"]: r["verdict"] for r in json.loads((tmp_path / "scorecard.json").read_text())["rows"]}
    assert (kept["T1"], kept["T2"]) == ("pass", "not run")


def test_the_page_needs_nothing_else(card):
    page = scorecard_page(card)
    assert all(f'id="{name}"' in page for name in ROWS)
    assert 'class="fail" id="T2"' in page and "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "") and "<script" not in page and "<link" not in page


def test_the_picture_shows_failed_rows(card):
    chart = scorecard_chart(card)
    assert chart.table.rows[1][:3] == ("T2", "L", "survivors of 200 against 100, fire at an area")
    assert chart.table.rows[1][-1] == "fail"
    assert chart.title == "Scorecard: 1 of 2 rows pass; 34 not judged (1 no posterior, 33 not run)"
    assert len(chart.svg()) > 1000


def test_the_table_is_printed(card, capsys):
    validate.show(card)
    out = capsys.readouterr().out
    assert "T2 L" in out and "fail" in out and "no posterior" in out


def test_the_card_says_what_a_null_model_passes_and_what_was_fitted(tmp_path, monkeypatch, capsys):
    """Here the null model has the front of the record and the model is rough; no lever moves the null model."""
    monkeypatch.setattr(inputs.RowInputs, "seen", lambda self: ensemble(dimension=1.4))
    monkeypatch.setattr(NullInputs, "seen", lambda self: ensemble(books=NoBooks()))
    monkeypatch.setattr(inputs.RowInputs, "works_arms", lambda self: paired_net(2.0))
    card = scorecard.validate(only=["T15", "T18", "T23", "T24"], quick=True, out=tmp_path)
    rows = {r["id"]: r for r in card["rows"]}
    assert [(rows[i]["verdict"], rows[i]["null"]) for i in ("T15", "T18", "T23", "T24")] == [
        ("pass", "pass"),
        ("pass", ""),  # here it has no men
        ("pass", "fail"),
        ("fail", "pass"),
    ]
    assert "pace-box" in rows["T15"]["fitted"] and "front-2025-04" in rows["T24"]["fitted"] and rows["T23"]["fitted"] == []
    dimension = next(c for c in rows["T24"]["checks"] if "dimension" in c["what"])
    assert (dimension["null"], dimension["null_verdict"], rows["T18"]["checks"][0]["null_verdict"]) == (1.07, "pass", "")
    assert card["apart"] == {"unseen_and_null_fails": ["T23"], "unseen_without_null": [], "null_passes": ["T15"], "fitted": ["T18"]}
    page = scorecard_page(card)
    assert "1 the null model fails and the fit did not see (T23)" in page and "An upper bound, 3.3" in page
    assert page.count("passes this row too: it says little") == 2 and "1.07, pass" in page
    assert "Targets of the fit: pace-direction, pace-rest, weekly-lag, cv-box, cv-direction, pace-box, weekly-sd." in page
    assert "passes T15, T24 too: such a row says little. Of the rows that pass, 1 the null model fails" in scorecard_chart(card).caption
    validate.show(card)
    assert "says little" in capsys.readouterr().out


def test_every_target_of_the_fit_is_a_figure_of_a_row():
    assert fit_targets.unplaced() == []
    assert {name for r in catalog.rows() for name in r.targets} <= set(SUMMARIES)


def test_a_target_is_placed_by_its_summary_or_by_a_fact_that_a_row_cites():
    rows, target = {r.id: r for r in catalog.rows()}, load_plan().target[0]
    known = lambda **changes: {i for i, row in rows.items() if fit_targets.is_aim(target.model_copy(update=changes), row)}  # noqa: E731
    assert known(of="pace", fact="") == {"T15"}
    assert known(of="density", fact="prior_position_density") == {"T30"}
    assert known(of="men", fact="force_ru_2025_06") == {"T36"}
    assert known(of="front", fact="front_km_2024_12_31") == {"T24"}, "a source may cite several facts at once"
    assert known(of="men", fact="") == set(), "and is then told as unplaced"


def test_the_null_model_answers_all_rows_but_those_it_has_nothing_for(tmp_path):
    given = inputs.RowInputs(tmp_path, inputs.QUICK)
    null = NullInputs(given)
    found = {r.id: scorecard.judge_null(r, null.get) for r in catalog.rows()}
    verdicts = {i: result.verdict for i, result in found.items() if result}
    assert set(found) - set(verdicts) == {"T1", "T2", "T3", "T4", "T14", "T21", "T22", "T28", "T29", "T30", "T34", "T36"}
    fails = {i for i, v in verdicts.items() if v == "fail"}
    assert {"T6", "T7", "T8", "T9", "T11", "T12", "T13", "T17", "T20", "T23", "T25", "T31", "T32", "T33", "T35"} <= fails
    assert verdicts["T19"] == "pass", "losses that know nothing of ground"
    claims = found["T18"].checks[0]
    assert 60 < claims.value < 150, "mean losses by mean pace"


def test_the_stated_cost_counts_every_run_that_the_rows_ask_for(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "seconds_a_run", lambda source, days=None: float(days or load_scenario(source).days))
    monkeypatch.setattr(cost, "_typical_seconds", lambda: 1.0)
    counted = lambda effort, *ids: cost.Planned(tmp_path, effort).count(catalog.chosen(ids or None))  # noqa: E731
    full = inputs.FULL
    asked = counted(full, "T31", "T32", "T33", "T34", "T35")
    runs = sorted(n for n, _ in asked.values())
    assert runs == sorted([5 * full.search, 5 * full.search, 3 * full.confirm, 4 * full.levers, 2 * full.roads, full.infiltrated, 2 * full.levers])
    assert asked["t31-confirm"] == (120, 120 * 400.0)
    whole = counted(full)
    assert {"ensemble", "t14-base", "t20", "t23", "t25", "t31-deep", "t35"} <= set(whole) and asked.items() <= whole.items()
    assert whole["ensemble"] == (16, 16 * 420.0)
    assert counted(inputs.QUICK, "T14") == {} and counted(full, "T1", "T28") == {}
    assert list(counted(full, "T15", "T16")) == ["ensemble"], "an ensemble is made once"
    assert cost.Planned(tmp_path, full, ensemble=tmp_path).count(catalog.chosen(["T15"])) == {}
    assert not any(tmp_path.iterdir()), "nothing is made"


def test_battles_that_were_made_are_read_again(tmp_path):
    jobs, made = list(range(batches.BATCH + 5)), []

    def twice(job):
        made.append(job)
        return 2 * job

    answers = [2 * job for job in jobs]
    assert batches.kept(twice, jobs, tmp_path, "code") == answers and made == jobs
    first, second = sorted(tmp_path.iterdir(), key=lambda f: f.stat().st_size, reverse=True)
    second.write_bytes(first.read_bytes()[:20])  # a batch that is damaged is made again
    made.clear()
    assert batches.kept(twice, jobs, tmp_path, "code") == answers and made == jobs[batches.BATCH :]
    made.clear()
    assert batches.kept(twice, jobs, tmp_path, "other code") == answers and made == jobs


def test_the_null_model_is_a_belt_at_the_pace_of_the_record():
    start = np.tile(np.arange(80) > 39, (80, 1))
    runs = [belt(start, 200, seed).astype(int) for seed in range(1, 9)]
    net = np.array([maps[-1].sum() - maps[0].sum() for maps in runs]) / 100
    known = record.areas(last=record.SPAN_END)
    pace = known.net / known.days
    assert 0.7 * pace < net.mean() / 200 < 1.4 * pace and net.std() > 0
    assert all((np.diff(maps, axis=0) >= 0).all() and (maps[0] > 0).tolist() == start.tolist() for maps in runs)
    gained = np.diff(runs[0].sum(axis=(1, 2)))
    assert np.corrcoef(gained[1:], gained[:-1])[0, 1] > 0.3, "the tempo persists"
    front = [runs[0][-1][row].argmax() for row in range(80)]
    assert np.std(front) > 1 and np.abs(np.diff(front)).mean() < np.std(front), "uneven, and smooth along the front"


@pytest.mark.parametrize("folder", sorted(seeds.path("scorecards").iterdir()), ids=lambda f: f.name)
def test_shipped_cards_are_read(folder):
    """Cards of earlier versions have another word for figures that are reported and not judged."""
    shipped = archive.read(folder)
    verdicts = [c["verdict"] for row in shipped["rows"] for c in row["checks"]]
    assert set(verdicts) == {"pass", "fail", "reported"} and verdicts.count("reported") == 44
    judged = sum(v != "reported" for v in verdicts) + sum(not row["checks"] for row in shipped["rows"])
    assert len(scorecard_chart(shipped).table.rows) >= judged
    assert scorecard_page(shipped).count('<tr class="reported">') == 44


def call(capsys, *args):
    from experiments.cli import app

    with pytest.raises(SystemExit) as ended:
        app.main(["validate", *(str(a) for a in args)])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_the_command_writes_a_card(capsys, tmp_path):
    code, out, _ = call(capsys, "--only", "T28", "--quick", "--quiet", "--out", tmp_path / "card")
    assert code == 0 and "no posterior" in out
    assert {"scorecard.json", "scorecard.html", "scorecard.png"} <= {p.name for p in (tmp_path / "card").iterdir()}


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("--only", "T37"), "no row 'T37'"),
        (("--only", "T5b"), "Did you mean 'T5'"),
        (("--only", ","), "no row given"),
        (("--record", "/nowhere"), "folder '/nowhere' not found"),
        (("--ensemble", "/nowhere"), "folder '/nowhere' not found"),
        (("--open", "/nowhere"), "folder '/nowhere' not found"),
        (("--runs", "1"), "--runs 1: allowed"),
        (("--runs", "many"), "--runs many: allowed"),
        (("--workers", "0"), "--workers 0: allowed"),
    ],
)
def test_bad_orders_are_one_line(args, word, capsys, tmp_path):
    code, out, err = call(capsys, *args, "--out", tmp_path / "card")
    assert (code, out) == (2, "") and word in err
    assert err.count("\n") == 1 and not (tmp_path / "card").exists()


def test_an_ensemble_must_be_one_of_the_battle(tmp_path, capsys):
    from experiments.cli import app

    with pytest.raises(SystemExit):
        app.main(
            [
                "run",
                "skirmish",
                "--days",
                "2",
                "--runs",
                "2",
                "--workers",
                "1",
                "--out",
                str(tmp_path / "two"),
                "--quiet",
            ]
        )
    capsys.readouterr()
    code, _, err = call(capsys, "--only", "T15", "--ensemble", tmp_path / "two", "--out", tmp_path / "card", "--quiet")
    assert code == 2 and "needed: from 2024-07-08 to 2025-08-31" in err
    (tmp_path / "empty").mkdir()
    code, _, err = call(
        capsys, "--only", "T15", "--ensemble", tmp_path / "empty", "--out", tmp_path / "card", "--quiet"
    )
    assert code == 2 and "manifest.toml" in err and err.count("\n") == 1


@pytest.mark.parametrize("what", ["a file", "not a card"])
def test_a_folder_that_cannot_hold_a_card(what, tmp_path, capsys):
    place = tmp_path / "card"
    if what == "a file":
        place.write_text("x")
        code, _, err = call(capsys, "--only", "T28", "--out", place, "--quiet")
        assert code == 2 and "is a file" in err
    else:  # a card that cannot be read is made anew
        place.mkdir()
        (place / "scorecard.json").write_text("{")
        assert call(capsys, "--only", "T28", "--quick", "--out", place, "--quiet")[0] == 0
