"""Answers to the claims: asked of a posterior, in words, written as JSON and read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ConfigDict, TypeAdapter, ValidationError

from experiments.claims.claims import ClaimAnswer, ClaimFinding, percent
from experiments.claims.findings import SUPPORTED
from experiments.claims.rules import Claim
from sim.errors import InputError
from sim.view.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from experiments.calibration.posterior import Posterior
    from experiments.studies.study import Study
    from experiments.sweep.runner import SweepRunner

MOST_SETS = 10_000
REPLICATES = 3  # runs of each set in each arm: without several, sets cannot be told from random variation
DRAWS = 20  # of the constants that are varied as nuisance, without a posterior
SEED = 20240708  # of these draws
QUICK_SETS, QUICK_DAYS, QUICK_POINTS = 2, 30, 129  # of a look


def study_for(claim: Claim, fitted: Posterior | None, n: int = 0, quick: bool = False) -> Study:
    """A claim's study: asked of `n` sets of a posterior, or of draws of its nuisance constants at the defaults, REPLICATES runs each.

    A claim without such constants has its own replicates at the defaults. A design with points of its own (shares of the variance are no
    difference of arms) is asked of the defaults always, which are the fitted ones where a posterior was adopted. `quick`: a look at
    whether it runs, over so few and short runs that its answer is none.
    """
    from experiments.studies.files import load_study

    study = load_study(claim.study)
    if quick:
        study = _shortened(study)
    if not study.plan.is_grid or (fitted is None and not claim.nuisance):
        return study
    n = n or (QUICK_SETS if quick else DRAWS)
    return sets_for(claim, fitted, n).crossed(study, n, replicates=REPLICATES)


def sets_for(claim: Claim, fitted: Posterior | None, n: int) -> Posterior:
    """`n` sets of equal weight: drawn from the posterior, with the claim's nuisance constants that it leaves free by a Latin hypercube."""
    import numpy as np
    import pandas as pd
    from scipy.stats import qmc

    from experiments.calibration.posterior import Posterior
    from sim.settings import resolve

    columns = fitted.draw(n) if fitted is not None else {}
    free = {resolve(key).key: span for key, span in claim.nuisance.items() if resolve(key).key not in columns}
    if free:
        low, high = ([getattr(span, end) for span in free.values()] for end in ("low", "high"))
        sample = qmc.scale(qmc.LatinHypercube(len(free), rng=np.random.default_rng(SEED)).random(n), low, high)
        columns |= dict(zip(free, sample.T.tolist()))
    return Posterior(np.full(n, 1 / n), pd.DataFrame(columns), dict(fitted.manifest) if fitted is not None else {})


def _shortened(study: Study) -> Study:
    """A study that is over soon: few replicates, QUICK_DAYS at most, the smallest design."""
    from experiments.studies.files import study_of

    fields = study.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    days = min([QUICK_DAYS, *(scenario.days for scenario in study.scenarios.values())])
    small = {"replicates": REPLICATES} if study.plan.is_grid else {"replicates": 1, "points": QUICK_POINTS}
    return study_of({**fields, **small, "days": days}, study.name).checked()


def answers_of(
    wanted: Sequence[Claim],
    out: Path,
    runner: SweepRunner | None,
    study_of_claim: Callable[[Claim], Study],
    keep: Callable[[list[ClaimAnswer]], None] = lambda answers: None,
) -> tuple[list[ClaimAnswer], list[str]]:
    """Answers from the runs of each claim's study in a folder of its own, and the ids of claims without runs.

    What is lacking is made by the `runner`; without one, nothing is. `keep` is handed the answers so far after each of them. InputError or
    SweepStopped when runs could not be made.
    """
    from experiments.claims.claims import answer
    from experiments.results.loading import load

    answers, missing = [], []
    for claim in wanted:
        folder = out / claim.study
        if runner is not None:
            runner.sweep(study_of_claim(claim), folder)
        elif not folder.is_dir():
            missing.append(claim.id)
            continue
        answers.append(answer(claim, load(folder)))
        keep(answers)
    return answers, missing


def earlier_answers(a: ClaimAnswer, before: Sequence[ClaimAnswer]) -> list[ClaimAnswer]:
    """The earlier answer to the same claim; none or one."""
    return [old for old in before if old.claim.id == a.claim.id][:1]


def runs_words(a: ClaimAnswer) -> str:
    """How many runs an answer rests on, and of which parameters."""
    if a.sets:
        return f"{a.n:,} runs of {a.sets} parameter sets"
    return f"{a.n:,} runs at the defaults" + (f", {a.draws} draws of assumed constants" if a.draws else "")


def effect_words(f: ClaimFinding) -> str:
    """The effect with its interval, in its unit and as a share where there is one."""
    unit = f" {f.unit}" if f.unit else ""
    if f.test.people:
        return percent(f.effect, " points")
    if f.test.factor:
        return f"{significant(f.effect.estimate)} (95 % {significant(f.effect.low)} to {significant(f.effect.high)})"
    ends = f"{significant(f.effect.low)} to {significant(f.effect.high)}"
    base = f"{significant(f.effect.estimate)}{unit} (95 % {ends})"
    return base if f.relative is None else f"{base}, {percent(f.relative)}"


def moved(f: ClaimFinding) -> str:
    """What a check of a lever says."""
    return "the lever moves it" if f.verdict == SUPPORTED else "not shown to move: not testable here"


# As data


def as_json(answers: list[ClaimAnswer]) -> str:
    """The answers as text that `read` takes; values that are no numbers are the words NaN and Infinity."""
    return _ADAPTER.dump_json(answers, indent=1, by_alias=True).decode()


def read(path: Path) -> list[ClaimAnswer]:
    """The answers that an earlier command wrote; InputError when the file does not hold any."""
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise InputError(f"{path}: not a file of answers.") from None


_ADAPTER = TypeAdapter(list[ClaimAnswer], config=ConfigDict(ser_json_inf_nan="strings"))
