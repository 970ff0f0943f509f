"""`pokrovsk mission`: a page with the price of ground, the rest of the oblast and culmination, from ensembles of the posterior."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import mission, record
from experiments.mission import Level, Price, Rest
from sim.quantity import InputError
from sim.view.chart import About, Chart, Table
from sim.view.outlook import Beside, Course, beside_chart, courses_chart
from sim.view.named import Named, significant

if TYPE_CHECKING:
    from experiments.posterior import Posterior
    from experiments.results import Results

SETS = 100
CULMINATION = "c12"  # the study of recruitment that is asked again of the posterior
SUMMER = dt.date(2025, 4, 30)
THEATRE_KM2 = ("2025-05", "2025-08")


def carry_out(
    *,
    out: Path,
    runs: str | None = None,
    ensemble: Path | None = None,
    recruitment: Path | None = None,
    posterior: Path | None = None,
    workers: str | None = None,
    scheduler: str | None = None,
    quiet: bool = False,
) -> int:
    """Makes the ensembles that are not given, and the page; returns the exit code."""
    from experiments import posterior as shipped
    from experiments.calibration.command import cost
    from experiments.calibration.waves import Hands, Stopped
    from experiments.order import whole
    from experiments.results import load
    from experiments.studies import load_study

    n = whole("--runs", runs, 8, 10_000) or SETS
    cores = whole("--workers", workers, 1, 1024)
    hands = Hands(cores, scheduler, quiet)
    sets = shipped.load(posterior)
    place = Path("runs") / "mission"
    days = (record.END - record.START).days
    wanted = []
    if ensemble is None:
        wanted.append((sets.study("record", n, start=record.START, days=days), ensemble := place / "record"))
    if recruitment is None:
        wanted.append((sets.crossed(load_study(CULMINATION), n), recruitment := place / "recruitment"))
    try:
        for study, folder in wanted:
            horizon = max(s.days for s in study.scenarios.values())
            print(f"{study.name}: {cost(study.n_runs, horizon * 0.027, cores or os.cpu_count())}, into {folder}")
            hands.sweep(study, folder)
    except Stopped:
        print("pokrovsk: stopped; the same command goes on.", file=sys.stderr)
        return 130
    page = write(load(ensemble), load(recruitment), sets, out)
    print(page)
    return 0


def write(ensemble: Results, recruitment: Results, sets: Posterior, out: Path) -> Path:
    """The page and its figures."""
    from experiments.battery.ensemble import checked_ensemble, seen_of
    from experiments.outputs import replacing

    if out.suffix != ".html":
        raise InputError(f"--out {str(out)!r}: allowed: a file that ends in .html.")
    seen = seen_of(checked_ensemble(ensemble, record.START, record.END))
    prices = mission.prices(seen)
    rests = rests_of(seen)
    levels = mission.culmination(recruitment)
    text = page_of(prices, rests, levels, about_of(ensemble), about_of(recruitment), sets, out.parent / "figures")
    try:
        with replacing(out) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {str(out)!r} cannot be written: {error.strerror}.") from None
    return out


def rests_of(seen: Sequence[Any]) -> list[Rest]:
    """The rest of the oblast at the pace of the box in May to August 2025, and at that of the whole theatre then."""
    gains, price = mission.pace_and_price(seen, SUMMER, record.END)
    months = record.areas().months()
    box = record.areas().monthly()[(months >= np.datetime64(THEATRE_KM2[0])) & (months <= np.datetime64(THEATRE_KM2[1]))].sum()
    times = theatre_gain() / float(box)
    return [
        mission.rest(gains, price, record.END, name="pace of the box"),
        mission.rest(gains, price, record.END, times=times, name="pace of the theatre"),
    ]


def theatre_gain() -> float:
    """Net gain of the attacker in the whole theatre, May to August 2025, km2 (ISW, as told with its price)."""
    import re

    import seeds

    told = seeds.facts()["isw_cas_2025_summer"].defect
    found = re.findall(r"(?:May|June|July|August) (\d+)", told)
    if len(found) != 4:
        raise InputError("fact isw_cas_2025_summer: the four monthly areas cannot be read from its defect.")
    return float(sum(map(int, found)))


def about_of(results: Results) -> About:
    from experiments.figures import about

    return about(results)


# Charts


def price_chart(prices: Sequence[Price], about: About) -> Chart:
    """The price of ground in each period beside what is cited of it."""
    rows = []
    for p in prices:
        cited = tuple((f.value, f.low or f.value, f.high or f.value, f"{significant(float(f.value))} ({f.id})") for f in p.cited)
        rows.append(Beside(p.period.name, p.five, cited))
    inside = sum(any(r.model[0] <= c[0] <= r.model[4] for c in r.cited) for r in rows)
    return beside_chart(
        rows,
        axis="casualties per km²",
        about=about,
        title=f"The cited price lies in the middle 90 % of the runs in {inside} of {len(rows)} periods",
        what="Claimed casualties of the attacker by km² of published net gain. Figures for the box are cited for the theatre",
        log=True,
    )


def rest_chart(rests: Sequence[Rest], about: About) -> Chart:
    """What is left of the oblast by year, one fan an assumption of pace."""
    told = " and ".join(f"{significant(float(np.median(r.years)), 2)} years at the {r.name}" for r in rests)
    ends = [float(np.quantile(r.years, 0.97, method="nearest")) for r in rests]
    shown = int(365.25 * min(max(ends), mission.MOST_YEARS))
    courses = [Course(r.name, np.arange(r.left.shape[1])[:shown:15] / 365.25, r.left[:, :shown:15], (_span(r.years), _span(r.men_claimed / 1e6))) for r in rests]
    return courses_chart(
        courses,
        axis="years from 31 August 2025",
        heads=("years, median (middle 90 %)", "claimed casualties, million"),
        about=about,
        title=f"The rest of the oblast takes {told} (medians)",
        what="Area of the oblast that the defender holds, km²",
        more="Months of May to August 2025 go on in any order; nothing gets dearer or slower.",
    )


def culmination_chart(levels: Sequence[Level], about: About) -> Chart:
    """Strength of the attacker at the end under each level of recruitment."""
    rows = [Beside(f"recruits × {significant(x.level)}, {x.culminated.estimate:.0%} of runs culminated".replace("%", " %"), x.strength) for x in levels]
    worn = [x.level for x in levels if x.culminated.estimate > 0.5]
    title = f"The attacker is worn out in most runs with {significant(max(worn))} times his recruits" if worn else "At no level of recruitment is the attacker worn out in most runs"
    return beside_chart(rows, axis="strength, share of establishment", about=about, title=title, what="Attacker's infantry and recruits by establishment at the end of winter")


# The page


def page_of(prices: Sequence[Price], rests: Sequence[Rest], levels: Sequence[Level], about: About, about_recruits: About, sets: Posterior, figures: Path) -> str:
    """The page as text, in the form of all reports; its figures are written beside it."""
    from importlib.resources import files

    import jinja2

    from experiments.report import FORMATS, Section
    from sim.view import style
    from sim.view.chart import Inks

    inks = Inks()
    price, fan, worn = price_chart(prices, about), rest_chart(rests, about), culmination_chart(levels, about_recruits)
    sections = [
        Section("price", "The price of ground", "What a square kilometer costs, as claims and maps would have it.", [_drawn(price, 1, "price", inks, figures)]),
        Section("rest", "The rest of the oblast", _assumptions(), [_drawn(fan, 2, "rest-of-the-oblast", inks, figures)]),
        Section("culmination", "Culmination", "Fewer recruits until the end of the winter of 2024-25, all else as it was.", [_drawn(worn, 3, "culmination", inks, figures)]),
    ]
    env = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = env.from_string(files("experiments").joinpath("report.html.jinja").read_text(encoding="utf-8"))
    told = sets.manifest
    return template.render(
        kind="posterior",
        title="Price, men and years, culmination",
        question="What does ground cost, what would the rest of the oblast take, and when is the attacker worn out?",
        answer_lead="Medians over runs, each of another parameter set of the posterior, and the middle 90 % of them.",
        claim=None,
        note="",
        facts=[("parameter sets", f"{sets.n}, effective {sets.effective:.0f}"), ("runs", str(about.runs)), ("fitted to", f"{told.get('first')} to {told.get('last')}"), ("commit", about.commit)],
        answers=_answers(prices, rests, levels),
        design=[("posterior", str(told.get("key", ""))[:12]), ("assumptions of the rest", _assumptions())],
        factors=[],
        sections=sections,
        tables=_tables(rests, levels),
        failures=[],
        versions=[(k, str(v)) for k, v in told.get("versions", {}).items()],
        reproduce={"commands": "uv run pokrovsk mission --out mission.html", "dirty": "", "note": "", "study": ""},
        light=style.LIGHT,
        dark=style.DARK,
        inks=(inks.css(False), inks.css(True)),
        formats=[f.upper() for f in FORMATS],
        written=style.day_text(dt.date.today()),
    )


def _drawn(chart: Chart, number: int, name: str, inks: Any, figures: Path) -> Any:
    import markupsafe

    from experiments.report import Drawn
    from sim.view.chart import themed_svg
    from sim.view.style import COLUMN_IN

    figures.mkdir(parents=True, exist_ok=True)
    file = f"{number:02d}-{name}"
    chart.save(figures / file)
    narrow = themed_svg(chart, inks, f"n{number}", COLUMN_IN) if chart.wide else ""
    return Drawn(number, chart, file, markupsafe.Markup(themed_svg(chart, inks, f"f{number}")), markupsafe.Markup(narrow))


def _assumptions() -> str:
    return (
        "Area 6,600 km² (6,000 to 7,000, press). Months are those of May to August 2025 in the runs, drawn again and again; the price stays. No belt of "
        "towns, no wear of either side, no other force: a lower bound of effort if defense in depth holds, an upper one if it breaks."
    )


def _answers(prices: Sequence[Price], rests: Sequence[Rest], levels: Sequence[Level]) -> list[Any]:
    from experiments.answers import Answer

    band = lambda five: f"{significant(five[2])} ({significant(five[0])} to {significant(five[4])})"  # noqa: E731
    cost = tuple(f"{p.period.name}: {band(p.five)}; cited {', '.join(significant(float(f.value)) for f in p.cited)}." for p in prices)
    men = tuple(
        f"At the {r.name}: {_span(r.years)} years, {_span(r.men_claimed / 1e6)} million claimed casualties; longer than two years in {_share(r.longer_than(2))}, "
        f"more than a million men in {_share(r.more_than(1e6))} of the draws."
        for r in rests
    )
    worn = tuple(f"Recruitment at {significant(x.level)}: culminated in {_share(x.culminated)} of the runs; {band(x.losses)} casualties and {band(x.intake)} men gained a day." for x in levels)
    return [Answer(Named("price of ground", "casualties per km²"), cost), Answer(Named("rest of the oblast"), men), Answer(Named("culmination"), worn)]


def _span(values: np.ndarray) -> str:
    low, middle, high = (float(q) for q in np.quantile(values, (0.05, 0.5, 0.95), method="nearest"))
    top = significant(high, 2) if np.isfinite(high) else f"more than {mission.MOST_YEARS}"
    return f"{significant(middle, 2) if np.isfinite(middle) else f'more than {mission.MOST_YEARS}'} ({significant(low, 2)} to {top})"


def _share(share: Any) -> str:
    return f"{share.estimate:.0%}".replace("%", " %")


def _tables(rests: Sequence[Rest], levels: Sequence[Level]) -> list[tuple[str, str, Table]]:
    heads = ("assumption", "years, median (middle 90 %)", "claimed casualties, million", "without the bias of claims, million", "more than two years", "more than a million")
    rows = tuple((r.name, _span(r.years), _span(r.men_claimed / 1e6), _span(r.men / 1e6), _share(r.longer_than(2)), _share(r.more_than(1e6))) for r in rests)
    worn = mission.table_of(levels)
    told = tuple(tuple(significant(float(v)) for v in row) for row in worn.itertuples(index=False))
    return [("The rest of the oblast", _assumptions(), Table(heads, rows)), ("Culmination", "By level of the attacker's recruitment; strength as a share of establishment, men a day.", Table(tuple(worn.columns), told))]
