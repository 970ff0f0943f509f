"""The page of the claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from experiments.claims.answers import as_json, earlier_answers, effect_words, moved, runs_words
from experiments.claims.claims import ClaimAnswer, arithmetic_words, arms_of, stability_words
from experiments.figures.claims import chart, headline

if TYPE_CHECKING:
    from collections.abc import Sequence


def write(out: Path, answers: list[ClaimAnswer], before: Sequence[ClaimAnswer] = ()) -> None:
    """Writes claims.json and claims.html; InputError when the folder cannot be written."""
    from experiments.storage.files import replacing, writing

    with writing(f"--out {str(out)!r}"):
        out.mkdir(parents=True, exist_ok=True)
        with replacing(out / "claims.json") as draft:
            draft.write_text(as_json(answers) + "\n", encoding="utf-8")
        with replacing(out / "claims.html") as draft:
            draft.write_text(page(answers, out / "figures", before), encoding="utf-8")


def page(answers: list[ClaimAnswer], figures: Path | None = None, before: Sequence[ClaimAnswer] = ()) -> str:
    """The answers as one page that needs nothing else; its figure is written to the folder `figures` too."""
    from experiments.analysis.intervals import seeds_text
    from experiments.reporting.page import draw, render
    from sim.view.charts.chart import Inks

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
        stability_words=stability_words,
        arithmetic_words=arithmetic_words,
        moved=moved,
        runs_words=runs_words,
        sets=sorted({a.sets for a in answers if a.sets})[:1],
        changes=[(a, old) for a in answers for old in earlier_answers(a, before)],
        seeds_text=seeds_text,
    )
