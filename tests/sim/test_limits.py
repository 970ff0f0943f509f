"""Limit cases with exact answers: Lanchester's laws out of the fire of the full engine (T1 to T4), one step beside two (T14)."""

import numpy as np
import pytest

from experiments.validation.sandbox import fight, linear_law, square_law
from sim import battle
from sim.mustering import muster
from sim.scenario import load_scenario


def survivors(own, enemy, runs, **more):
    """Men the first side has left, one number a run."""
    return np.array([fight(own, enemy, seed, **more)[-1][0] for seed in range(1, runs + 1)])


def test_aimed_fire_obeys_the_square_law():
    """T1: 200 against 100 equal men leave sqrt(200^2 - 100^2) = 173.2; the mean of 100 runs within 4 %."""
    assert survivors(200, 100, 100).mean() == pytest.approx(square_law(200, 100), rel=0.04)


def test_area_fire_obeys_the_linear_law():
    """T2: 200 against 100 equal men leave 100; within 5 %."""
    assert survivors(200, 100, 100, aimed=False).mean() == pytest.approx(linear_law(200, 100), rel=0.05)


def test_concentration_pays():
    """T3: a side that meets two halves of an equal enemy in turn keeps 0.707 of its men; within 4 %."""
    left = [fight(int(fight(200, 100, seed)[-1][0]), 100, 1000 + seed)[-1][0] / 200 for seed in range(1, 101)]
    assert np.mean(left) == pytest.approx(np.sqrt(0.5), rel=0.04)


@pytest.mark.parametrize(("aimed", "want"), [(True, (1.0, 0.0)), (False, (1.0, 1.0))])
def test_exponents_of_losses(aimed, want):
    """T4: ln loss = ln k + p ln enemy + q ln own has (p, q) = (1, 0) for aimed, (1, 1) for area fire.

    Losses of the first steps of 96 fights of unlike sizes; the 95 % interval holds the exponent and is narrower than 0.3.
    """
    own, enemy, loss = [], [], []
    sizes = (120, 240, 480, 960)
    for k in range(96):
        a, b = sizes[k % 4], sizes[(k // 4) % 4]
        men = fight(a, b, 500 + k, aimed=aimed, steps=12, rate=0.05 if aimed else 0.01)
        own.append(np.log(men[:, 0].mean()))
        enemy.append(np.log(men[:, 1].mean()))
        loss.append(np.log(men[0, 0] - men[-1, 0]))
    design = np.column_stack([np.ones(96), enemy, own])
    fit, rest, *_ = np.linalg.lstsq(design, np.array(loss), rcond=None)
    error = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rest[0] / (96 - 3))
    for got, half, exact in zip(fit[1:], 1.96 * error[1:], want, strict=True):
        assert 2 * half < 0.3
        assert abs(got - exact) < half + 0.02, f"exponent {got:.3f} +- {half:.3f}, exact {exact}"


def test_a_wrong_law_would_be_seen():
    """The same fights fail the other law: the test can fail."""
    assert survivors(200, 100, 10).mean() != pytest.approx(linear_law(200, 100), rel=0.2)


def test_no_enemy_no_losses():
    """Without an enemy near, nobody is hit."""
    men = fight(100, 1, 1, weapon=(1.0, 0.0), steps=40)
    assert men[-1][0] == men[0][0]


def paired(days, seeds, **changes):
    """Ratios of measures, changed arm to baseline, of means over seeds: net gain, casualties of both sides, front."""
    means = []
    for scenario in (load_scenario("pokrovsk-2024"), load_scenario("pokrovsk-2024", **changes)):
        rows = []
        for seed in seeds:
            daily = battle.run(muster(scenario, seed), days).journal.daily()
            rows.append([daily["held_km2"][-1] - daily["held_km2"][0], daily["casualties_attacker"][-1],
                         daily["casualties_defender"][-1], daily["front_km"][-1]])
        means.append(np.mean(rows, axis=0))
    return means[1] / means[0]


@pytest.mark.parametrize(("changes", "slack"), [({"step_hours": 3.0}, 0.12), ({"cell_km": 0.5}, 0.2)])
def test_step_and_cell_do_not_change_the_story(changes, slack):
    """T14, a quick look of 4 seeds and 40 days, whose noise is about 5 %: the full test has 150 seeds an arm and 120 days."""
    assert np.abs(paired(40, range(1, 5), **changes) - 1.0).max() < slack
