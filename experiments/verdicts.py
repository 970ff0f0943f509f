"""What `pokrovsk claims` does: makes the runs that the claims' studies lack, answers each claim, prints and writes it.

The answers go to `claims.json` and to `claims.html`, one page that works by itself.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from experiments import claims
from experiments.claims import NOT_SUPPORTED, SUPPORTED, UNDECIDED, Answer, Claim, Finding, arms_of, chosen, percent
from sim.quantity import InputError
from sim.view.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from experiments.posterior import Posterior
    from experiments.study import Study
    from sim.view.chart import Chart

MOST_SETS = 10_000


def carry_out(
    names: list[str],
    out: Path,
    workers: str | None = None,
    scheduler: str | None = None,
    made_only: bool = False,
    json_: bool = False,
    quiet: bool = False,
    sets: str | None = None,
    posterior: Path | None = None,
    beside: Path | None = None,
) -> int:
    """Answers the claims of these ids (all when there are none); returns the exit code.

    `sets`: ask so many sets of the posterior instead of the defaults. `beside`: earlier answers, told beside the new ones.
    """
    from experiments import posterior as shipped
    from experiments.order import whole
    from experiments.results import load
    from experiments.sweep import sweep

    wanted, processes = chosen(names), whole("--workers", workers, 1, 1024)
    n = whole("--sets", sets, 2, MOST_SETS) or 0
    if posterior is not None and not n:
        raise InputError("--posterior goes with --sets N.")
    fitted = shipped.load(posterior) if n else None
    before = read(beside) if beside is not None else []
    answers, missing = [], []
    for claim in wanted:
        folder = out / claim.study
        if not made_only:
            outcome = sweep(asked(claim, fitted, n), folder, workers=processes, scheduler=scheduler, quiet=quiet)
            if outcome.problem or outcome.stopped:
                print(f"pokrovsk: {claim.id}: {outcome.problem or 'stopped; the same command goes on'}", file=sys.stderr)
                return outcome.code
        elif not folder.is_dir():
            missing.append(claim.id)
            continue
        answers.append(claims.answer(claim, load(folder)))
    if not answers:
        raise InputError(f"no runs in {str(out)!r} for {', '.join(missing)}; without --made-only they are made.")
    write(out, answers, before)
    if json_:
        print(as_json(answers))
    else:
        from rich.console import Console

        show(answers, Console(soft_wrap=True), before)
        print(f"\n{out / 'claims.html'}")
    if missing:
        print(f"pokrovsk: no runs in {out} for {', '.join(missing)}.", file=sys.stderr)
    return 0


def asked(claim: Claim, fitted: Posterior | None, n: int) -> Study:
    """A claim's study, asked of a posterior.

    A study by levels is asked of `n` of its sets; another design (it has points of its own, and shares of the variance are no
    difference of arms) of the defaults, which are the fitted ones where a posterior was adopted.
    """
    from experiments.studies import load_study

    study = load_study(claim.study)
    if fitted is None or not study.plan.is_grid:
        return study
    return fitted.crossed(study, n)


# As a table


def show(answers: list[Answer], console: Console, before: Sequence[Answer] = ()) -> None:
    """Prints each claim with its verdict, its sentence, and a line a test; beside it what it was before."""
    from rich.markup import escape

    from experiments.intervals import seeds_text

    for a in answers:
        console.print(f"\n[bold]{a.claim.id}  {escape(a.claim.statement)}[/]", highlight=False)
        console.print(f"[bold]{a.verdict}[/]: {escape(a.sentence)} {runs_words(a)}, seeds {seeds_text(a.seeds)}.", highlight=False)
        for f in a.findings:
            mark = "told" if f.test.told else f.verdict
            console.print(f"  {f.label}, {arms_of(f.test)}: {effect_words(f)}  [dim]{mark}[/]", highlight=False)
        for old in was(a, before):
            console.print(f"  [dim]before: {old.verdict}; {effect_words(old.findings[0])}; {runs_words(old)}[/]", highlight=False)


def was(a: Answer, before: Sequence[Answer]) -> list[Answer]:
    """The earlier answer to the same claim; none or one."""
    return [old for old in before if old.claim.id == a.claim.id][:1]


def runs_words(a: Answer) -> str:
    """How many runs an answer rests on, and of which parameters."""
    return f"{a.n:,} runs" + (f" of {a.sets} parameter sets" if a.sets else "")


def effect_words(f: Finding) -> str:
    """The effect with its interval, in its unit and as a share where there is one."""
    unit = f" {f.unit}" if f.unit else ""
    if f.test.people:
        return percent(f.effect, " points")
    ends = f"{significant(f.effect.low)} to {significant(f.effect.high)}"
    base = f"{significant(f.effect.estimate)}{unit} (95 % {ends})"
    return base if f.relative is None else f"{base}, {percent(f.relative)}"


# As data


def as_json(answers: list[Answer]) -> str:
    """The answers as text that `read` takes; values that are no numbers are the words NaN and Infinity."""
    return _ADAPTER.dump_json(answers, indent=1, by_alias=True).decode()


def read(path: Path) -> list[Answer]:
    """The answers that an earlier command wrote; InputError when the file does not hold any."""
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise InputError(f"{path}: not a file of answers.") from None


_ADAPTER = TypeAdapter(list[Answer], config=ConfigDict(ser_json_inf_nan="strings"))


def write(out: Path, answers: list[Answer], before: Sequence[Answer] = ()) -> None:
    """Writes claims.json and claims.html; InputError when the folder cannot be written."""
    from experiments.outputs import replacing, writing

    with writing(f"--out {str(out)!r}"):
        out.mkdir(parents=True, exist_ok=True)
        with replacing(out / "claims.json") as draft:
            draft.write_text(as_json(answers) + "\n", encoding="utf-8")
        with replacing(out / "claims.html") as draft:
            draft.write_text(page(answers, out / "figures", before), encoding="utf-8")


# As a figure and a page


def chart(answers: list[Answer]) -> Chart:
    """All tests of the claims as one forest of effects."""
    from sim.view.chart import About
    from sim.view.forest import forest_chart

    rows = [_row(a, f) for a in answers for f in a.findings]
    about = About(
        sum(a.n for a in answers),
        sorted({seed for a in answers for seed in a.seeds}),
        ", ".join(sorted({name for a in answers for name in a.scenarios})),
        ", ".join(sorted({a.commit for a in answers})),
    )
    return forest_chart(rows, about=about, title=headline(answers), what="Effect of each comparison, paired on shared seeds, with its 95 % interval")


def headline(answers: list[Answer]) -> str:
    """How many claims ended how, as a sentence."""
    count = {v: sum(a.verdict == v for a in answers) for v in (SUPPORTED, NOT_SUPPORTED, UNDECIDED)}
    return f"Of {len(answers)} claims: {count[SUPPORTED]} supported, {count[NOT_SUPPORTED]} not supported, {count[UNDECIDED]} undecided"


def _row(a: Answer, f: Finding) -> Any:
    from sim.view.forest import Row

    words = f"{f.label}: {arms_of(f.test)}".replace("_", " ")
    effect, margin = f.effect, f.margin
    if f.relative is not None:
        effect, margin = f.relative, f.test.least * f.test.sign
    elif f.test.bound:
        scale = abs(f.test.bound)
        effect = dataclasses.replace(effect, estimate=effect.estimate / scale - 1, low=effect.low / scale - 1, high=effect.high / scale - 1)
        margin = 0.0
    return Row(a.claim.id, words, effect.estimate, effect.low, effect.high, margin, f.verdict, f.test.told)


def page(answers: list[Answer], figures: Path | None = None, before: Sequence[Answer] = ()) -> str:
    """The answers as one page that needs nothing else; its figure is written to the folder `figures` too."""
    from experiments.intervals import seeds_text
    from experiments.pages import draw, render
    from sim.view.chart import Inks

    inks = Inks()
    return render(
        "claims.html.jinja",
        inks,
        title="The claims, answered",
        answers=answers,
        headline=headline(answers),
        figure=draw(chart(answers), 1, "claims", inks, figures),
        arms_of=arms_of,
        effect_words=effect_words,
        runs_words=runs_words,
        sets=sorted({a.sets for a in answers if a.sets})[:1],
        changes=[(a, old) for a in answers for old in was(a, before)],
        seeds_text=seeds_text,
    )
