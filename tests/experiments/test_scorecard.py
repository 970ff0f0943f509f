"""The scorecard: what the command writes, keeps and prints, and that every bad order is one line."""

import json

import numpy as np
import pytest

import seeds
from experiments.cli import validate
from experiments.reporting.scorecard_page import scorecard_page
from experiments.validation import archive, catalog, inputs, scorecard
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
