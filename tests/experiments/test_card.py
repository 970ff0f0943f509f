"""The quick scorecard as a whole: every row that needs neither rasters nor fitted runs is judged, and the limit cases hold."""

import json

import pytest

from experiments.validation import scorecard

NEED_MORE = {"T14": "not run", "T28": "no posterior"}  # 150 long runs; fitted runs and rasters


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    scorecard.validate(quick=True, out=folder, workers=2)
    return json.loads((folder / "scorecard.json").read_text("utf-8"))


def test_every_row_that_can_be_judged_is(card):
    verdicts = {row["id"]: row["verdict"] for row in card["rows"]}
    assert len(verdicts) == 36
    assert {k: v for k, v in verdicts.items() if v not in ("pass", "fail")} == NEED_MORE


def test_limit_cases_pass_and_most_rows_do(card):
    passed = {row["id"] for row in card["rows"] if row["verdict"] == "pass"}
    assert {"T1", "T2", "T3", "T4"} <= passed
    assert len(passed) >= 14, sorted(passed)  # of 34; ten of them are sharper than the battery
