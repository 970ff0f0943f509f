"""The printed form of an analysis: short tables, each figure with its unit, interval and N."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd
    from rich.console import Console

    from experiments.analysis.study_analysis import Analysis, Measured
    from experiments.analysis.surrogate import Surrogate
    from experiments.analysis.surrogate_shares import Shares

MOST_ROWS = 12  # of a table; --json has the rest


def print_analysis(outcome: Analysis) -> None:
    """Prints an analysis."""
    from experiments.cli.console import wide_console

    console = wide_console()
    _head(outcome, console)
    for one in outcome.measures:
        _measure(one, console)
    if outcome.box is not None:
        console.print("\n[bold]box[/] (PRIM)")
        console.print(outcome.box.sentence())
    _convergence(outcome, console)
    _foot(outcome, console)


def _head(outcome: Analysis, console: Console) -> None:
    from experiments.analysis.intervals import seeds_text
    from experiments.analysis.study_analysis import correlation_words

    results = outcome.results
    title = getattr(results.study, "title", "") or results.name
    console.print(f"[bold]{title}[/]")
    question = getattr(results.study, "question", "")
    if question:
        console.print(question)
    points, seeds = len(results.points), results.seeds
    over = f" over {_listed(results)}" if results.factors else ""
    console.print(
        f"{results.design}{over}: {points:,} point{'s' if points > 1 else ''}, seeds {seeds_text(seeds)}, {len(results.done):,} runs{correlation_words(results)}"
    )
    planned = results.manifest.get("n_runs")
    there = len(results.runs)
    if planned and there < planned:
        console.print(f"not finished: {there:,} of {planned:,} runs are there", style="yellow")
    failed = results.failed
    if len(failed):
        where = ", ".join(f"point {r.point} seed {r.seed}" for r in failed.head(5).itertuples())
        console.print(
            f"{len(failed)} failed: {where}{', ...' if len(failed) > 5 else ''}; left out, with their pairs",
            style="yellow",
        )
    for note in outcome.notes:
        console.print(note, style="yellow")


def _listed(results: Any) -> str:
    if len(results.factors) > 6:
        return f"{len(results.factors)} factors"
    return ", ".join(f"{f} ({results.points[f].nunique(dropna=False)})" for f in results.factors)


def _measure(one: Measured, console: Console) -> None:
    import math

    from experiments.analysis.noise import ALL_EQUAL
    from sim.view.numbers import interval, significant

    unit = f" {one.unit}" if one.unit else ""
    limits = f" ({interval(one.mean.low, one.mean.high)})" if math.isfinite(one.mean.low) else ""
    console.print(
        f"\n[bold]{one.name}[/]  mean {significant(one.mean.estimate)}{unit}{limits}, {one.mean.n} seed{'s' if one.mean.n != 1 else ''}"
    )
    console.print(_noise_words(one), style="dim" if one.noise.is_there else "yellow")
    for note in one.notes:
        if note != one.noise.note:
            console.print(note, style="yellow")
    if len(one.effects) and one.noise.note != ALL_EQUAL:
        _effects(one, console)
    if one.indices is not None:
        _indices(one.indices, console)
    if one.surrogate is not None and one.shares is not None:
        _surrogate(one.surrogate, one.shares, console)


def _noise_words(one: Measured) -> str:
    import math

    from sim.view.numbers import share_text, significant

    noise = one.noise
    if noise.n_points < 2:
        return f"one point; spread of a run {significant(math.sqrt(noise.run))} {one.unit}" if noise.run >= 0 else noise.note
    if noise.note:
        return noise.note
    floor = f"random variation makes {share_text(noise.share)} of the variance between points' means (spread of a run {significant(math.sqrt(noise.run))} {one.unit})".replace(
        " )", ")"
    )
    return floor if noise.is_there else f"points do not differ by more than random variation (p = {noise.p:.2g}): nothing there"


# Tables


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, justify="left" if name in TEXTS else "right", no_wrap=True)
    return table


TEXTS = ("factor", "change", "unit", "measure", "")


def _effects(one: Measured, console: Console) -> None:
    """Effects of whole ranges and the largest in between; pairs after single factors."""
    from experiments.results.naming import level_text
    from sim.view.numbers import interval, share_text, significant

    rows = _chosen(one.effects)
    shares = one.variance.set_index("term").to_dict("index") if one.variance is not None and one.noise.is_there else {}
    table = _table(
        "factor",
        "change",
        f"effect{', ' if one.unit else ''}{one.unit}",
        "95 %",
        "N",
        *(["share of variance", "95 %"] if shares else []),
        "",
    )
    for row in rows.head(MOST_ROWS).to_dict("records"):
        name = f"{row['factor']} x {row['by']}" if row["by"] else row["factor"]
        change = f"{level_text(row['a'])} -> {level_text(row['b'])}"
        cells = [name, change, significant(row["effect"], signed=True), interval(row["low"], row["high"]), str(row["n"])]
        if shares:
            share = shares.get(name) if row["last"] else None
            cells += (
                [share_text(share["share"]), _limits(share["low"], share["high"])]
                if share
                else ["", ""]
            )
        table.add_row(*cells, "" if row["clear"] else row["note"] or "holds 0", style=None if row["clear"] else "dim")
    console.print(table)
    r2, more = one.effects.attrs["r2"], len(rows) - MOST_ROWS
    words = [
        f"straight lines over the whole range, {r2_text(r2)}" if r2 is not None else "",
        f"{more} more rows with --json" if more > 0 else "",
    ]
    if any(words):
        console.print("; ".join(w for w in words if w), style="dim")


def r2_text(r2: float) -> str:
    """R2 of a fit; a measure that is the same at all points has none."""
    import math

    return f"R2 {r2:.2f}" if math.isfinite(r2) else "no R2: all points have the same value"


def _limits(low: float, high: float) -> str:
    """An interval of a share, which may reach below 0: noise was taken off."""
    import math

    from sim.view.numbers import NONE, share_text

    return f"{share_text(low)} to {share_text(high)}" if math.isfinite(low) else NONE


def _chosen(effects: pd.DataFrame) -> pd.DataFrame:
    """Of each factor the last level and, where it is larger, the largest effect; the largest factors first, then pairs."""
    kept = []
    for (_, by), rows in effects.groupby(["factor", "by"], sort=False):
        rows = rows.assign(last=rows.index == rows.index[-1], size=rows["effect"].abs().max(), pair=by != "")
        is_choice = isinstance(rows["b"].iloc[-1], str)
        largest = rows["effect"].abs() == rows["effect"].abs().max()
        kept.append(rows if is_choice or len(rows) < 3 else rows[rows["last"] | (largest & ~largest.duplicated())])
    import pandas as pd

    return pd.concat(kept).sort_values(["pair", "size"], ascending=[True, False], kind="stable", ignore_index=True)


def _indices(found: pd.DataFrame, console: Console) -> None:
    from sim.view.numbers import interval, share_text, significant

    is_sobol = "total" in found
    rows = found.sort_values("total" if is_sobol else "mu_star", ascending=False)
    heads = (
        ["factor", "first", "95 %", "total", "95 %"]
        if is_sobol
        else ["factor", "mean size", "95 %", "mean", "95 %", "sigma", "unit"]
    )
    table = _table(*heads, "floor", "")
    for row in rows.head(MOST_ROWS).to_dict("records"):
        high = significant(row["noise_high"])
        if is_sobol:
            cells = [share_text(row["first"]), _limits(row["first_low"], row["first_high"]), share_text(row["total"]), _limits(row["total_low"], row["total_high"])]
            high = share_text(row["noise_high"])
        else:
            cells = [
                significant(row["mu_star"]),
                interval(row["low"], row["high"]),
                significant(row["mu"], signed=True),
                interval(row["mu_low"], row["mu_high"]),
            ]
            cells += [significant(row["sigma"]), row["unit"]]
        table.add_row(
            row["factor"], *cells, high, row["verdict"], style=None if row["clear"] else "dim"
        )
    console.print(table)
    left, attrs = len(rows) - MOST_ROWS, found.attrs
    what = "Sobol indices" if is_sobol else "elementary effects of Morris, over the whole range"
    words = [f"{what}: {attrs['blocks']} {'blocks' if is_sobol else 'trajectories'}"]
    words += [f"{attrs['dropped']} left out (a run failed or has no value)"] if attrs["dropped"] else []
    words += [attrs["note"]] if attrs["note"] else []
    words += [f"{left} more rows with --json"] if left > 0 else []
    console.print("; ".join(words), style="dim")


def _surrogate(s: Surrogate, shares: Shares, console: Console) -> None:
    from sim.view.numbers import share_text, significant

    kind = {"gp": "Gaussian process", "forest": "forest", "tree": "tree"}[s.kind]
    best = f" of at most {s.ceiling:.2f}" if s.ceiling > s.r2.estimate else ""
    console.print(
        f"surrogate ({kind}): cross-validated R2 {s.r2.estimate:.2f} ({s.r2.low:.2f} to {s.r2.high:.2f}){best}, "
        f"error {significant(s.rmse.estimate)} {s.unit}, {s.n_points} points"
    )
    if shares.note:
        console.print(shares.note, style="yellow")
    table = _table("factor", "first", "95 %", "total", "95 %", "")
    rows = shares.table.sort_values("total", ascending=False)
    for row in rows.head(MOST_ROWS).to_dict("records"):
        cells = [share_text(row["first"]), _limits(row["first_low"], row["first_high"]), share_text(row["total"]), _limits(row["total_low"], row["total_high"])]
        table.add_row(row["factor"], *cells, "" if row["clear"] else "below the floor", style=None if row["clear"] else "dim")
    console.print(table)
    console.print(
        f"shares of its variance; the floor is {share_text(shares.floor)}, which a column of random numbers gets",
        style="dim",
    )


def _convergence(outcome: Analysis, console: Console) -> None:
    import math

    from sim.view.numbers import NONE, significant

    found = [one.needed for one in outcome.measures if one.needed is not None]
    if not found:
        return
    console.print("\n[bold]seeds that a point's mean takes[/] to be known within so much")
    table = _table("measure", "within", "unit", "typical", "95 %", "worst point", "have", "")
    for n in found:
        within = (
            f"{n.share:.0%} = {significant(n.within)}"
            if n.share is not None and math.isfinite(n.within)
            else significant(n.within)
        )
        numbers = (
            [f"{n.typical:,}", f"{n.low:,} to {n.high:,}", f"{n.worst:,} (point {n.worst_point})"]
            if n.typical is not None
            else [NONE] * 3
        )
        table.add_row(n.measure, within, n.unit, *numbers, str(n.have), n.note, style=None if n.is_enough else "dim")
    console.print(table)


def _foot(outcome: Analysis, console: Console) -> None:
    if any(len(one.effects) for one in outcome.measures):
        console.print(
            "\n95 % intervals each: of twenty rows where nothing is, one leaves out zero by chance.", style="dim"
        )
