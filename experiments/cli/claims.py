"""`pokrovsk claims`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Csv, Quiet, Scheduler, Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from experiments.claims.claims import ClaimAnswer


def claims(
    names: Annotated[list[str] | None, typer.Argument(metavar="[C1 ...]", help="Claims by id; all when none is given.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the studies' runs and of the answers; else runs/claims, with --sets runs/claims-fitted, with --quick runs/claims-quick."),
    ] = None,
    sets: Annotated[str | None, typer.Option(metavar="N", help="Ask N sets of the posterior instead of the defaults.")] = None,
    posterior: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of another posterior than the shipped one.")] = None,
    beside: Annotated[Path | None, typer.Option(metavar="FILE", help="Earlier answers (claims.json), printed beside the new ones.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A look at whether it runs: few, short runs, whose answers are none.")] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    made_only: Annotated[bool, typer.Option("--made-only", help="Answer from the runs that are there; make none.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the answers as JSON and nothing else.")] = False,
    csv: Csv = False,
    quiet: Quiet = False,
) -> int:
    """Answer the claims of the founding analysis: effect, interval, verdict."""
    from experiments.calibration import posterior as calibration_posterior
    from experiments.claims.answers import MOST_SETS, answers_of, as_json, read, study_for
    from experiments.claims.rules import chosen
    from experiments.cli.arguments import whole
    from experiments.cli.console import check_one_form, print_csv
    from experiments.cli.extras import require
    from experiments.reporting.claims_page import write
    from experiments.sweep.runner import SweepRunner, SweepStopped, log, stated_cost
    from sim.errors import InputError

    require("jinja2")
    check_one_form(json_, csv)
    out = out or Path("runs/claims-quick" if quick else "runs/claims-fitted" if sets else "runs/claims")
    wanted, processes = chosen(names or []), whole("--workers", workers, 1, 1024)
    n = whole("--sets", sets, 2, MOST_SETS) or 0
    if posterior is not None and not n:
        raise InputError("--posterior goes with --sets N.")
    fitted = calibration_posterior.load(posterior) if n else None
    before = read(beside) if beside is not None else []
    study_of_claim = lambda claim: study_for(claim, fitted, n, quick)  # noqa: E731
    if not made_only and not quiet:
        log(f"{len(wanted)} claims: {stated_cost([study_of_claim(claim) for claim in wanted], processes)}; runs that are there are kept")
    try:
        runner = None if made_only else SweepRunner(processes, scheduler, quiet)
        answers, missing = answers_of(wanted, out, runner, study_of_claim, lambda found: write(out, found, before))
    except SweepStopped:
        log("stopped; the same command goes on.")
        return 130
    if not answers:
        raise InputError(f"no runs in {str(out)!r} for {', '.join(missing)}; without --made-only they are made.")
    if json_:
        print(as_json(answers))
    elif csv:
        print_csv(
            {
                **{"claim": a.claim.id, "verdict": a.verdict, "runs": a.n, "failed": a.failed, "test": f.label, "unit": f.unit},
                **{"before": f.before, "after": f.after, "effect": f.effect.estimate, "low": f.effect.low, "high": f.effect.high},
                **{"margin": f.margin, "test_verdict": f.verdict, "is_check": f in a.checks, "n": f.effect.n},
                **({"same_sign": f.stability.share, "turns_with": " ".join(f.stability.turning)} if f.stability else {"same_sign": None, "turns_with": ""}),
            }
            for a in answers
            for f in [*a.checks, *a.findings]
        )
    else:
        from experiments.cli.console import wide_console

        show(answers, wide_console(), before)
        print(f"\n{out / 'claims.html'}")
    if quick:
        log("a look at whether it runs: so few and short runs answer nothing.")
    if missing:
        log(f"no runs in {out} for {', '.join(missing)}.")
    return 0


# As a table


def show(answers: list[ClaimAnswer], console: Console, before: Sequence[ClaimAnswer] = ()) -> None:
    """Prints each claim with its verdict, its sentence, and a line a test; beside it what it was before."""
    from rich.markup import escape

    from experiments.analysis.intervals import seeds_text
    from experiments.claims.answers import earlier_answers, effect_words, moved, runs_words
    from experiments.claims.claims import arithmetic_words, arms_of, stability_words

    for a in answers:
        console.print(f"\n[bold]{a.claim.id}  {escape(a.claim.statement)}[/]", highlight=False)
        console.print(f"[bold]{a.verdict}[/]: {escape(a.sentence)} {runs_words(a)}, seeds {seeds_text(a.seeds)}.", highlight=False)
        for f in a.checks:
            console.print(f"  check: {f.label}, {arms_of(f.test)}: {effect_words(f)}  [dim]{moved(f)}[/]", highlight=False)
        for f in a.findings:
            mark = "reported, not judged" if f.test.informational else f.verdict
            console.print(f"  {f.label}, {arms_of(f.test)}: {effect_words(f)}  [dim]{mark}[/]", highlight=False)
            if words := stability_words(f):
                console.print(f"    [dim]{words}[/]", highlight=False)
        for words in arithmetic_words(a):
            console.print(f"  {escape(words)}", highlight=False)
        for old in earlier_answers(a, before):
            console.print(f"  [dim]before: {old.verdict}; {effect_words(old.findings[0])}; {runs_words(old)}[/]", highlight=False)
