"""A posterior as charts: prior and posterior of each parameter, and its runs beside the targets of the fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.analysis.intervals import five
from experiments.calibration.posterior import Posterior
from sim.errors import InputError
from sim.view.charts.chart import About, Chart
from sim.view.numbers import QUANTILES, significant
from sim.view.run_data import commit_text
from sim.view.style import day_text


def about(posterior: Posterior) -> About:
    """What captions state: runs and seeds that the posterior rests on (of all waves; of the sample alone where only that was weighed), scenario, commit."""
    manifest = posterior.manifest
    weighed = manifest["wave"] if "pareto_k" in manifest else manifest["wave"][-1:]
    first, last = min(w["seeds"][0] for w in weighed), max(w["seeds"][1] for w in weighed)
    more = f"{manifest['runs']:,} runs in all; fitted to {day_text(manifest['first'])} to {day_text(manifest['last'])}."
    return About(sum(w["runs"] for w in weighed), range(first, last + 1), manifest["scenario"], commit_text(manifest), more)


def prior_posterior(posterior: Posterior, table: pd.DataFrame | None = None) -> Chart:
    """Prior and posterior of every parameter, the best identified first; `table` is that of `identify`, else the one shipped."""
    from experiments.calibration.priors import PriorForm, prior_from_manifest
    from experiments.calibration.sampling import quantiles
    from sim.view.charts.prior_posterior import PriorPosterior, prior_posterior_chart
    from sim.view.names import factor_named

    parameters = (posterior.identifiability if table is None else table).set_index("key").sort_values("overlap")
    form = PriorForm(posterior.manifest["prior"]["weight"], posterior.manifest["prior"]["log_from"])
    priors = {p["key"]: prior_from_manifest(p, form) for p in posterior.manifest["parameter"]}
    if set(parameters.index) != set(priors):
        raise InputError("the table of identifiability is not of the parameters of this posterior.")
    rows = []
    for key, r in parameters.iterrows():
        prior = priors[key]
        unit = f" {prior.unit}" if prior.unit else ""
        rows.append(
            PriorPosterior(
                key,
                five(prior.quantile(np.array(QUANTILES))),
                five(quantiles(prior.to_unit(posterior.sets[key]), posterior.weight, QUANTILES)),
                prior.mode,
                float(prior.to_unit(np.asarray(posterior.medoid[key]))),
                (significant(prior.low), significant(prior.high) + unit),
                (
                    factor_named(key).doc,
                    f"{significant(r['prior_low'])} to {significant(r['prior_high'])}",
                    f"{significant(r['low'])} to {significant(r['high'])}",
                    significant(r["narrower"], 2),
                    significant(r["overlap"], 2),
                    "yes" if r["clear"] else "no",
                ),
                bool(r["clear"]),
            )
        )
    return prior_posterior_chart(
        rows,
        heads=(
            "meaning",
            "prior, middle 90 %",
            "posterior, middle 90 %",
            "narrower by",
            "overlap",
            "identified",
        ),
        about=about(posterior),
        title=f"The record identifies {int(parameters['clear'].sum())} of {len(rows)} parameters",
        what=f"Each over its own range; {posterior.n} weighted sets, effective {posterior.effective:.0f}",
    )


def targets(posterior: Posterior) -> Chart:
    """Each target of the fit beside the runs of the posterior, in the order of the calibration."""
    from sim.view.charts.fit_to_targets import Target, targets_chart

    rows = [
        Target(
            str(r.target),
            "" if pd.isna(r.unit) else str(r.unit),
            float(r.observed),
            (float(r.runs_low), float(r.runs_median), float(r.runs_high)),
            r.compared_as == "logarithm",
        )
        for r in posterior.targets.itertuples()
    ]
    return targets_chart(rows, about=about(posterior))
