"""The claims: their rules can be read, their studies hold the arms they name, and made-up runs get the verdict they deserve."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from helpers.drawings import check_drawing
from helpers.made_up import frames, made_up

import seeds
from experiments.analysis.intervals import Interval
from experiments.calibration.posterior import Posterior
from experiments.claims import answers, claims, rules
from experiments.claims import answers as claims_answers
from experiments.claims.findings import NOT_SUPPORTED, NOT_TESTABLE, SUPPORTED, UNDECIDED, judged
from experiments.claims.rules import Claim, Comparison, Range
from experiments.cli import claims as cli_claims
from experiments.figures import claims as figures
from experiments.reporting import claims_page
from experiments.results.results import Results
from experiments.studies.files import load_study, study_of
from sim.errors import InputError
from sim.measures import MEASURES
from sim.settings import catalog

ALL = rules.load_claims().claim


def claim(**test):
    return Claim(id="C0", statement="", study="made-up", scope="", test=[Comparison(**test)])


def two_arms(difference, noise, n=30, seed=1):
    """Runs of a factor `arm`, a and b, that share the luck of their seeds."""
    rng = np.random.default_rng(seed)
    luck, own = 10 * rng.normal(size=n), noise * rng.normal(size=(2, n))
    return frames(100 + luck + own + np.array([[0], [difference]]), pd.DataFrame({"arm": ["a", "b"]}))


def verdict(results, **test):
    asked = claim(**{"measure": "held_km2", "from": {"arm": "a"}, "to": {"arm": "b"}, "least": 0.1, **test})
    return claims.answer(asked, _stamped(results)).verdict


def _stamped(results):
    return dataclasses.replace(results, runs=results.runs.assign(scenario="skirmish", days=20))


def test_there_are_thirteen_claims_with_a_study_each():
    assert [c.id for c in ALL] == [f"C{k}" for k in range(1, 14)]
    assert len({c.study for c in ALL}) == 13


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.id)
def test_the_study_has_every_arm_that_the_rule_names(one):
    study = load_study(one.study)
    assert study.claim == one.id
    assert study.replicates >= 30 or study.n_runs >= 2570
    points = pd.DataFrame([p.levels for p in study.points()])
    for test in [*one.check, *one.test]:
        assert test.measure in rules.load_claims().measure or test.measure in MEASURES
        for arm in (test.from_, test.to):
            if arm is not None:
                wanted = {**test.at, **arm}
                found = np.logical_and.reduce([points[k] == v for k, v in wanted.items()]) if wanted else np.ones(len(points), bool)
                assert found.sum() == 1, f"{wanted} is not one point of {one.study}"
        if test.factor:
            assert test.factor in study.factor_names
        if test.people:
            assert set(test.people) | set(test.equipment) <= set(study.factor_names)
            assert not set(test.people) & set(test.equipment)


@pytest.mark.parametrize(
    ("difference", "noise", "expect", "wanted"),
    [
        (40, 5, "rise", SUPPORTED),  # far above a tenth
        (40, 5, "fall", NOT_SUPPORTED),
        (0, 5, "rise", NOT_SUPPORTED),  # surely less than a tenth
        (10, 40, "rise", UNDECIDED),  # a tenth within the noise
        (-40, 5, "fall", SUPPORTED),
    ],
)
def test_a_contrast_gets_the_verdict_it_deserves(difference, noise, expect, wanted):
    assert verdict(two_arms(difference, noise), expect=expect) == wanted


def test_a_negative_least_asks_for_not_worse():
    assert verdict(two_arms(0, 2), expect="fall", least=-0.1) == SUPPORTED
    assert verdict(two_arms(30, 2), expect="fall", least=-0.1) == NOT_SUPPORTED


def test_pairs_are_made_on_seeds():
    """Noise shared by both arms drops out, so a small effect is found that unpaired arms would hide."""
    found = claims.answer(claim(measure="held_km2", **{"from": {"arm": "a"}, "to": {"arm": "b"}}), _stamped(two_arms(2, 0.5)))
    effect = found.findings[0].effect
    assert effect.low > 1.5
    assert effect.high < 2.5
    assert effect.n == 30


def test_failed_runs_are_left_out_in_pairs():
    results = two_arms(40, 5)
    results = dataclasses.replace(results, runs=results.runs.assign(status=["failed" if k in (0, 31) else "done" for k in range(60)]))
    found = claims.answer(claim(measure="held_km2", **{"from": {"arm": "a"}, "to": {"arm": "b"}}), _stamped(results))
    assert found.findings[0].effect.n == 28
    assert found.failed == 2


def test_a_bound_is_compared_with_the_mean():
    assert verdict(two_arms(0, 5), **{"from": None}, bound=50.0) == SUPPORTED
    assert verdict(two_arms(0, 5), **{"from": None}, bound=150.0) == NOT_SUPPORTED
    assert verdict(two_arms(0, 5), **{"from": None}, bound=100.0) == UNDECIDED


def test_a_yes_or_no_has_an_interval_of_a_share():
    results = frames(np.ones((1, 30)), pd.DataFrame({"arm": ["a"]}))
    found = claims.answer(claim(measure="held_km2", to={"arm": "a"}, bound=0.5), _stamped(results)).findings[0]
    assert found.effect.estimate == 1.0
    assert 0.8 < found.effect.low < 1.0


def test_shares_of_the_variance_tell_people_from_equipment():
    results = made_up("nolh", lambda u, _: 10 * u[:, 0] + 8 * u[:, 1] + 2 * u[:, 2], factors=4, replicates=3, noise=0.5, points=65)
    names = list(results.factors)
    found = claims.answer(claim(measure="held_km2", people=names[:2], equipment=names[2:]), _stamped(results))
    assert found.verdict == SUPPORTED
    assert found.findings[0].after > 0.8
    turned = claims.answer(claim(measure="held_km2", people=names[2:], equipment=names[:2]), _stamped(results))
    assert turned.verdict == NOT_SUPPORTED


def test_one_failed_test_fails_the_claim():
    assert claims.verdict_of([SUPPORTED, SUPPORTED]) == SUPPORTED
    assert claims.verdict_of([SUPPORTED, UNDECIDED]) == UNDECIDED
    assert claims.verdict_of([SUPPORTED, UNDECIDED, NOT_SUPPORTED]) == NOT_SUPPORTED


def test_without_an_interval_nothing_is_decided():
    assert judged(Interval(5.0, math.nan, math.nan, 1), 1, 0.0) == UNDECIDED


def test_answers_are_written_and_read_again(tmp_path):
    answers = [claims.answer(claim(measure="held_km2", to={}, bound=50.0), _stamped(two_arms(0, 5)))]
    claims_page.write(tmp_path, answers)
    assert claims_answers.read(tmp_path / "claims.json") == answers
    text = (tmp_path / "claims.html").read_text("utf-8")
    assert "seeds 1 to 30" in text
    assert "://" not in text.replace("http://www.w3.org", "")
    (tmp_path / "claims.json").write_text("[1]")
    with pytest.raises(InputError, match="not a file of answers"):
        claims_answers.read(tmp_path / "claims.json")


def test_what_was_answered_before_is_told_beside(tmp_path, capsys):
    from rich.console import Console

    before = [claims.answer(claim(measure="held_km2", to={}, bound=50.0), _stamped(two_arms(0, 5)))]
    now = [dataclasses.replace(before[0], verdict=UNDECIDED, sets=30)]
    cli_claims.show(now, Console(soft_wrap=True), before)
    text = capsys.readouterr().out
    assert "60 runs of 30 parameter sets" in text and f"before: {before[0].verdict}" in text
    claims_page.write(tmp_path, now, before)
    page = (tmp_path / "claims.html").read_text("utf-8")
    assert "Answers that were given before" in page and "claims --sets 30" in page
    claims_page.write(tmp_path, now)
    assert "Answers that were given before" not in (tmp_path / "claims.html").read_text("utf-8")


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.id)
def test_a_claim_can_be_asked_of_a_posterior(one):
    """Every arm that the rule names is there for every set; what the study moves is not taken from the sets."""
    sets = pd.DataFrame({"control.area_per_day": [0.2, 0.3], "decide.attacks_per_group": [0.3, 0.4], "armor.mount_max": [1.0, 2.0]})
    study = answers.study_for(one, Posterior(np.full(2, 0.5), sets), 2)
    n = claims.sets_of(study)
    assert study.replicates >= 3 or not load_study(one.study).plan.is_grid
    if not load_study(one.study).plan.is_grid:
        assert (study, n) == (load_study(one.study), 0)
        return
    points = pd.DataFrame([p.levels for p in study.points()])
    assert n == 2 and len(points) == 2 * load_study(one.study).n_points
    for test in one.test:
        for arm in (test.from_, test.to):
            if arm is not None and {**test.at, **arm}:
                found = np.logical_and.reduce([points[k] == v for k, v in {**test.at, **arm}.items()])
                assert found.sum() == 2, arm


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.id)
def test_a_lever_has_a_check_and_constants_are_varied_at_the_defaults(one):
    assert one.check or one.id == "C13", "which moves no lever"
    study = answers.study_for(one, None)
    if not one.nuisance:
        assert one.id in ("C10", "C13") and study == load_study(one.study)
        return
    assert claims.sets_of(study) == answers.DRAWS and study.replicates == answers.REPLICATES
    points = pd.DataFrame([p.levels for p in study.points()])
    starts = np.array(study.point_seeds)
    assert (np.diff(np.unique(starts)) == answers.REPLICATES).all(), "no seed belongs to two draws"
    for key, span in one.nuisance.items():
        known = catalog()[key]
        assert known.low <= span.low and span.high <= known.high and span.low < known.default < span.high, key
        assert points[key].between(span.low, span.high).all() and points[key].nunique() == answers.DRAWS
        assert points.groupby(starts)[key].nunique().max() == 1, "all arms of a draw share it"
    quick = answers.study_for(one, None, quick=True)
    assert quick.n_runs <= 2 * answers.REPLICATES * load_study(one.study).n_points and {s.days for s in quick.scenarios.values()} == {30}


def test_a_constant_that_was_fitted_is_drawn_from_the_posterior():
    c9 = next(c for c in ALL if c.id == "C9")
    sets = pd.DataFrame({"command.deadline_follow": [0.41, 0.42], "armor.mount_max": [1.0, 2.0]})
    study = answers.study_for(c9, Posterior(np.full(2, 0.5), sets), 2)
    assert {p.levels["command.deadline_follow"] for p in study.points()} == {0.41, 0.42}


def drawn(effects, noise=1.0, replicates=3, seed=1):
    """Runs of two arms in draws of a constant `k` = 0, 1, ..., with an effect for each draw; seeds of a draw share its shift."""
    rng = np.random.default_rng(seed)
    n = len(effects)
    study = study_of(
        {
            "name": "made-up",
            "scenario": "skirmish",
            "design": "given",
            "replicates": replicates,
            "point_seeds": [1 + 3 * k for k in range(n) for _ in range(2)],
            "factors": {"manpower_ratio": [2.0, 4.0] * n, "tempo": [0.1 * k for k in range(n) for _ in range(2)]},
        }
    )
    points = [p.levels for p in study.points()]
    rows = []
    for k, effect in enumerate(effects):
        shift = 30 * rng.normal()
        for arm in range(2):
            for r in range(replicates):
                rows.append({**points[2 * k + arm], "point": 2 * k + arm, "seed": 1 + 3 * k + r, "held_km2": 500 + shift + arm * effect + noise * rng.normal()})
    runs = pd.DataFrame(rows).assign(status="done", scenario="skirmish", days=20)
    return Results(runs.assign(run=range(len(runs))), list(study.factor_names), {"held_km2": "km2"}, study=study)


def asked(nuisance=("tempo",), **more):
    test = {"measure": "held_km2", "from": {"manpower_ratio": 2.0}, "to": {"manpower_ratio": 4.0}, **more}
    return Claim(id="C0", statement="", study="quick", scope="", test=[Comparison(**test)], nuisance={k: Range(low=0.0, high=1.0) for k in nuisance})


def test_draws_are_the_units_and_not_their_seeds():
    found = claims.answer(asked(), drawn(20 + 4 * np.random.default_rng(2).normal(size=10)))
    (f,) = found.findings
    assert f.effect.n == 10 and found.n == 60 and (found.draws, found.sets) == (10, 0)
    assert f.effect.high - f.effect.low > 3, "as wide as draws differ, not as seeds do"


def test_a_sign_that_a_constant_decides_is_told_and_decides_nothing():
    steady = claims.answer(asked(), drawn([20.0] * 10)).findings[0]
    assert steady.verdict == SUPPORTED and steady.stability.share == 1 and steady.stability.turning == []
    turned = claims.answer(asked(), drawn([-30.0] * 5 + [60.0] * 5))
    (f,) = turned.findings
    assert f.stability.turning == ["tempo"] and f.verdict == UNDECIDED and f.stability.share == 0.5
    words = claims.stability_words(f)
    assert "that of the mean in 50 % of 10" in words and "the sign turns with it" in words
    always = claims.answer(asked(), drawn([-1.0] * 5 + [60.0] * 5, noise=0.1)).findings[0]
    assert always.effect.low > 0 and always.verdict == UNDECIDED, "even where the mean over draws is clear"


def test_a_lever_that_moves_nothing_tests_nothing():
    base = dict(id="C0", statement="", study="made-up", scope="")
    test = Comparison(measure="held_km2", **{"from": {"arm": "a"}, "to": {"arm": "b"}})
    still = Comparison(measure="flat", **{"from": {"arm": "a"}, "to": {"arm": "b"}})
    results = _stamped(two_arms(40, 5))
    results = dataclasses.replace(results, runs=results.runs.assign(flat=results.runs["seed"] * 1.0))
    assert claims.answer(Claim(**base, test=[test], check=[test]), results).verdict == SUPPORTED
    stuck = claims.answer(Claim(**base, test=[test], check=[still]), results)
    assert stuck.verdict == NOT_TESTABLE and stuck.findings[0].verdict == SUPPORTED and stuck.checks[0].verdict != SUPPORTED
    assert "1 not testable here" in figures.headline([stuck])
    assert "not shown to move" in claims_page.page([stuck])
    assert claims_answers._ADAPTER.validate_json(claims_answers.as_json([stuck])) == [stuck]


def test_a_factor_of_a_sampled_design_is_checked_by_its_rank_correlation():
    results = made_up("nolh", lambda u, _: 10 * u[:, 0], factors=3, replicates=2, noise=0.5, points=33)
    first, _, last = results.factors
    check = lambda factor: claims.answer(Claim(id="C0", statement="", study="made-up", scope="", test=[Comparison(measure="held_km2", factor=factor)]), _stamped(results))  # noqa: E731
    assert check(first).verdict == SUPPORTED and check(first).findings[0].effect.low > 0.9
    assert check(last).verdict != SUPPORTED


def test_a_ratio_is_that_of_sums_with_the_interval_of_a_ratio(monkeypatch):
    monkeypatch.setitem(rules.load_claims().measure, "share", rules.Quantity(label="share", unit="", of="top", per="per"))
    rng = np.random.default_rng(4)
    per = rng.uniform(10, 1000, 40)
    results = _stamped(frames(per.reshape(1, -1), pd.DataFrame({"arm": ["a"]})))
    runs = results.runs.assign(per=per, top=0.3 * per + rng.normal(0, 5, 40))
    results = dataclasses.replace(results, runs=runs)
    effect = claims.answer(claim(measure="share", to={"arm": "a"}, bound=0.2), results).findings[0].effect
    assert effect.estimate == pytest.approx(runs["top"].sum() / runs["per"].sum())
    assert abs((runs["top"] / runs["per"]).mean() - effect.estimate) > 1e-4 and effect.low < 0.3 < effect.high


def test_arithmetic_on_the_record_is_told_beside_what_the_model_adds():
    for one in ALL:
        assert bool(one.arithmetic) == bool(one.adds) == (one.id in ("C12", "C13"))
    c13 = ALL[-1]
    men, _, box, theatre = [figure.value for figure in c13.arithmetic]
    facts = seeds.facts()
    assert men == facts["rest_of_oblast_km2"].value * facts["isw_cas_2025_summer"].value and box > theatre
    with pytest.raises(InputError, match=r"no fact .rest_of_oblats_km2.*Did you mean"):
        rules.with_facts("{rest_of_oblats_km2}")


def test_the_earlier_word_for_an_informational_test_is_read():
    assert Comparison(measure="held_km2", to={}, bound=1.0, told=True).informational
    shipped = answers.read(seeds.path("answers", "claims.json"))
    assert sum(f.test.informational for a in shipped for f in a.findings) == 20
    assert "told" not in json.loads(answers.as_json(shipped))[0]["findings"][1]["test"]


def test_each_effect_is_drawn_on_the_scale_of_its_kind(quiet):
    """A mean beside a bound is no change in % of a first arm: its mark and its printed value are both of the mean."""
    shipped = answers.read(seeds.path("answers", "claims.json"))
    fig = figures.chart(shipped).figure()
    check_drawing(fig)
    axes = {ax.get_xlabel(): [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"] for ax in fig.axes}
    found = [(f.test, f) for a in shipped for f in a.findings]
    assert axes[figures.BOUND.label] == pytest.approx([f.after / t.bound for t, f in found if t.bound])
    changes = [f.relative.estimate for _, f in found if f.relative and f.relative.estimate < figures.CHANGE.high]
    assert set(changes) <= set(axes[figures.CHANGE.label])
    assert axes[figures.SHARE.label] == pytest.approx([f.effect.estimate for t, f in found if t.people])
    cells = {(row[0], row[2]): row[3] for row in figures.chart(shipped).table.rows}
    assert cells["C12", "culminated: recruits of the attacker 1 (bound 0.5)"] == "0.00 (0.00 to 0.19)"
    texts = [t.get_text() for t in fig.texts]
    assert all(value in texts for value in cells.values())


def test_bounds_of_any_sign_have_a_scale(quiet):
    for bound in (50.0, 0.0, -50.0):
        answered = claims.answer(claim(measure="held_km2", to={}, bound=bound), _stamped(two_arms(0, 5)))
        fig = figures.chart([answered]).figure()
        check_drawing(fig)
        (ax,) = fig.axes
        reference, (low, high) = bound and bound / abs(bound), ax.get_xlim()
        assert low <= reference <= high and ax.lines[0].get_xdata()[0] == reference


def test_unknown_claims_and_arms_are_told():
    with pytest.raises(InputError, match="claim 'C14'; allowed: C1, C2"):
        rules.chosen(["c14"])
    with pytest.raises(InputError, match=r"no factor 'arn'.*Did you mean 'arm'"):
        claims.answer(claim(measure="held_km2", to={"arn": "a"}, bound=1.0), _stamped(two_arms(0, 5)))
    with pytest.raises(InputError, match="no run with arm = c"):
        claims.answer(claim(measure="held_km2", to={"arm": "c"}, bound=1.0), _stamped(two_arms(0, 5)))


def test_answers_that_cannot_be_given_or_written_are_told(tmp_path):
    with pytest.raises(InputError, match=r"no runs in .* for C1, C2; without --made-only"):
        cli_claims.claims(["C1", "C2"], tmp_path / "nothing", made_only=True)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(InputError, match="--workers 0: allowed"):
        cli_claims.claims(["C1"], tmp_path / "nothing", workers="0")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--out .*file' cannot be written"):
        claims_page.write(tmp_path / "file", [claims.answer(claim(measure="held_km2", to={}, bound=50.0), _stamped(two_arms(0, 5)))])
