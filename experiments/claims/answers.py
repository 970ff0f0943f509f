"""Answers to the claims: asked of a posterior, in words, written as JSON and read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ConfigDict, TypeAdapter, ValidationError

from experiments.claims.claims import Claim, ClaimAnswer, ClaimFinding, percent
from sim.errors import InputError
from sim.view.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from experiments.calibration.posterior import Posterior
    from experiments.studies.study import Study
    from experiments.sweep.runner import SweepRunner

MOST_SETS = 10_000


def study_for(claim: Claim, fitted: Posterior | None, n: int) -> Study:
    """A claim's study, asked of a posterior.

    A study by levels is asked of `n` of its sets; another design (it has points of its own, and shares of the variance are no
    difference of arms) of the defaults, which are the fitted ones where a posterior was adopted.
    """
    from experiments.studies.files import load_study

    study = load_study(claim.study)
    if fitted is None or not study.plan.is_grid:
        return study
    return fitted.crossed(study, n)


def answers_of(
    wanted: Sequence[Claim], out: Path, runner: SweepRunner | None, fitted: Posterior | None = None, n: int = 0
) -> tuple[list[ClaimAnswer], list[str]]:
    """Answers from the runs of each claim's study in a folder of its own, and the ids of claims without runs.

    What is lacking is made by the `runner`; without one, nothing is. InputError or SweepStopped when runs could not be made.
    """
    from experiments.claims.claims import answer
    from experiments.results.loading import load

    answers, missing = [], []
    for claim in wanted:
        folder = out / claim.study
        if runner is not None:
            runner.sweep(study_for(claim, fitted, n), folder)
        elif not folder.is_dir():
            missing.append(claim.id)
            continue
        answers.append(answer(claim, load(folder)))
    return answers, missing


def earlier_answers(a: ClaimAnswer, before: Sequence[ClaimAnswer]) -> list[ClaimAnswer]:
    """The earlier answer to the same claim; none or one."""
    return [old for old in before if old.claim.id == a.claim.id][:1]


def runs_words(a: ClaimAnswer) -> str:
    """How many runs an answer rests on, and of which parameters."""
    return f"{a.n:,} runs" + (f" of {a.sets} parameter sets" if a.sets else "")


def effect_words(f: ClaimFinding) -> str:
    """The effect with its interval, in its unit and as a share where there is one."""
    unit = f" {f.unit}" if f.unit else ""
    if f.test.people:
        return percent(f.effect, " points")
    ends = f"{significant(f.effect.low)} to {significant(f.effect.high)}"
    base = f"{significant(f.effect.estimate)}{unit} (95 % {ends})"
    return base if f.relative is None else f"{base}, {percent(f.relative)}"


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
