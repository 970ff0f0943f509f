"""`pokrovsk mission`: a page with the price of ground, the rest of the oblast and culmination, from ensembles of the posterior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.claims import mission
from experiments.claims.mission import Level, Price, Rest, rests_of
from experiments.figures.mission import about_of, culmination_chart, price_chart, rest_chart, share_text, span_text
from experiments.observation import record
from sim.errors import InputError
from sim.view.charts.chart import About, Table
from sim.view.names import Named
from sim.view.numbers import significant

if TYPE_CHECKING:
    from experiments.calibration.posterior import Posterior
    from experiments.results.results import Results


def write(ensemble: Results, recruitment: Results, sets: Posterior, out: Path) -> Path:
    """The page and its figures."""
    from experiments.observation.ensembles import checked_ensemble, observed_runs
    from experiments.storage.files import replacing, writing

    if out.suffix != ".html":
        raise InputError(f"--out {str(out)!r}: allowed: a file that ends in .html.")
    seen = observed_runs(checked_ensemble(ensemble, record.START, record.SPAN_END))
    prices = mission.prices(seen)
    rests = rests_of(seen)
    levels = mission.culmination(recruitment)
    text = page_of(prices, rests, levels, about_of(ensemble), about_of(recruitment), sets, out.parent / "figures")
    with writing(f"--out {str(out)!r}"), replacing(out) as draft:
        draft.write_text(text, encoding="utf-8")
    return out


# The page


def page_of(
    prices: Sequence[Price],
    rests: Sequence[Rest],
    levels: Sequence[Level],
    about: About,
    about_recruits: About,
    sets: Posterior,
    figures: Path,
) -> str:
    """The page as text, in the form of all reports; its figures are written beside it."""
    from experiments.reporting.page import Section, draw, render
    from sim.view.charts.chart import Inks

    inks = Inks()
    price, fan, worn = price_chart(prices, about), rest_chart(rests, about), culmination_chart(levels, about_recruits)
    sections = [
        Section(
            "price",
            "The price of ground",
            "What a square kilometer costs, as claims and maps would have it.",
            [draw(price, 1, "price", inks, figures)],
        ),
        Section(
            "rest", "The rest of the oblast", _assumptions(), [draw(fan, 2, "rest-of-the-oblast", inks, figures)]
        ),
        Section(
            "culmination",
            "Culmination",
            "Fewer recruits until the end of the winter of 2024-25, all else as it was.",
            [draw(worn, 3, "culmination", inks, figures)],
        ),
    ]
    manifest = sets.manifest
    return render(
        "report.html.jinja",
        inks,
        kind="posterior",
        title="Price, men and years, culmination",
        question="What does ground cost, what would the rest of the oblast take, and when is the attacker worn out?",
        answer_lead="Medians over runs, each of another parameter set of the posterior, and the middle 90 % of them.",
        claim=None,
        note="",
        facts=[
            ("parameter sets", f"{sets.n}, effective {sets.effective:.0f}"),
            ("runs", str(about.runs)),
            ("fitted to", f"{manifest.get('first')} to {manifest.get('last')}"),
            ("commit", about.commit),
        ],
        answers=_answers(prices, rests, levels),
        design=[("posterior", str(manifest.get("key", ""))[:12]), ("assumptions of the rest", _assumptions())],
        factors=[],
        sections=sections,
        tables=_tables(rests, levels),
        failures=[],
        versions=[(k, str(v)) for k, v in manifest.get("versions", {}).items()],
        reproduce={"commands": "uv run pokrovsk mission --out mission.html", "dirty": "", "note": "", "study": ""},
    )


def _assumptions() -> str:
    return (
        "The pace and price of this one box (or the pace of the whole theatre) stand for the whole oblast: that is arithmetic, and no forecast of other "
        "sectors, which may be slower or quicker and be attacked at once or in turn. Area 6,600 km² (6,000 to 7,000, press). Months are those of May to August 2025 in the runs, drawn again and again; the price stays. No belt of "
        "towns, no wear of either side, no other force: a lower bound of effort if defense in depth holds, an upper one if it breaks."
    )


def _answers(prices: Sequence[Price], rests: Sequence[Rest], levels: Sequence[Level]) -> list[Any]:
    from experiments.analysis.findings import Finding

    band = lambda five: f"{significant(five[2])} ({significant(five[0])} to {significant(five[4])})"  # noqa: E731
    cost = tuple(
        f"{p.period.name}: {band(p.five)}; cited {', '.join(significant(f.number) for f in p.cited)}.{_without_price(p)}"
        for p in prices
    )
    men = tuple(
        f"At the {r.name}: {span_text(r.years)} years, {span_text(r.men_claimed / 1e6)} million claimed casualties; longer than two years in {share_text(r.longer_than(2))}, "
        f"more than a million men in {share_text(r.more_than(1e6))} of the draws."
        for r in rests
    )
    worn = tuple(
        f"Recruitment at {significant(x.level)}: culminated in {share_text(x.culminated)} of the runs; {band(x.losses)} casualties and {band(x.intake)} men gained a day."
        for x in levels
    )
    return [
        Finding(Named("price of ground", "casualties per km²"), cost),
        Finding(Named("rest of the oblast"), men),
        Finding(Named("culmination"), worn),
    ]


def _without_price(price: Price) -> str:
    """What to say of runs that gained too little ground for a price; empty when there are none."""
    if not price.without_gain:
        return ""
    return f" {price.without_gain} of {price.n} runs gained less than 1 km² and are left out, so that ground is dearer than these figures say."


def _tables(rests: Sequence[Rest], levels: Sequence[Level]) -> list[tuple[str, str, Table]]:
    heads = (
        "assumption",
        "years, median (middle 90 %)",
        "claimed casualties, million",
        "without the bias of claims, million",
        "more than two years",
        "more than a million",
    )
    rows = tuple(
        (
            r.name,
            span_text(r.years),
            span_text(r.men_claimed / 1e6),
            span_text(r.men / 1e6),
            share_text(r.longer_than(2)),
            share_text(r.more_than(1e6)),
        )
        for r in rests
    )
    worn = mission.table_of(levels)
    cells = tuple(tuple(significant(float(v)) for v in row) for row in worn.itertuples(index=False))
    return [
        ("The rest of the oblast", _assumptions(), Table(heads, rows)),
        (
            "Culmination",
            "By level of the attacker's recruitment; strength as a share of establishment, men a day.",
            Table(tuple(worn.columns), cells),
        ),
    ]
