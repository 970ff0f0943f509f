"""The posterior sample by importance weighting: drawn in proportion to the emulated likelihood, run, and weighed again.

Points are drawn from the prior in proportion to the likelihood of the last wave's emulators, and run. Emulators are fitted again
with these runs in them; a point's weight is its new likelihood by the one that it was drawn with. Weights that are nearly equal
say that the runs bore out what the emulators had promised.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.calibration import implausibility, sampling, waves
from experiments.calibration.config import Calibration
from experiments.calibration.emulators import Emulators
from experiments.calibration.implausibility import ObservedTargets
from experiments.calibration.posterior import Posterior
from experiments.calibration.sampling import quantiles
from experiments.calibration.simulations import SummaryTable
from experiments.calibration.waves import Region, Wave
from experiments.sweep.runner import Log, SweepRunner, log
from sim.errors import InputError

PARTICLES = 2000  # points of which a sample is drawn


@dataclass(frozen=True)
class Fit:
    """A calibration that is done."""

    plan: Calibration
    truth: ObservedTargets
    region: Region
    sample: Wave
    posterior: Posterior
    power: float  # of the ratio of likelihoods that weighs the sample; below 1 where emulators disagree by more than it bears

    @property
    def runs(self) -> int:
        return sum(len(w.table.point) for w in (*self.region.waves, self.sample))

    @property
    def seconds(self) -> float:
        """Of one core, of all runs."""
        return sum(w.table.seconds for w in (*self.region.waves, self.sample))


def calibrate(
    plan: Calibration, truth: ObservedTargets, folder: Path, runner: SweepRunner, report: Log = log, first: SummaryTable | None = None
) -> Fit:
    """All waves and the sample; SweepStopped when the runs were."""
    region = waves.all_waves(plan, truth, folder, runner, report, first)
    last = region.waves[-1].emulators
    # the points are drawn again on every resumption, by the same emulators and the same draws: what weights need is known then
    table = waves.made(
        plan,
        folder / f"sample-{plan.budget.waves}",
        plan.budget.waves + 1,
        lambda: drawn(plan, truth, last, plan.budget.sample),
        plan.budget.sample_replicates,
        runner,
    )
    fitted = waves.trained(region, [*(w.table for w in region.waves), table])
    weight, power = weights(
        implausibility.log_likelihood(fitted, truth, table.unit_points), implausibility.log_likelihood(last, truth, table.unit_points)
    )
    sets = pd.DataFrame(plan.space.from_unit(table.unit_points))
    sample = Wave(len(region.waves) + 1, table, fitted, region.points.size, region.points.level)
    found = Fit(plan, truth, region, sample, Posterior(weight, sets), power)
    posterior = replace(found.posterior, manifest=manifest_of(found))
    size = posterior.effective
    report(
        f"sample: {posterior.n} sets, {len(table.point)} runs, effective size {size:.0f}"
        + ("." if power == 1.0 else f" at a power of {power:.2g} of the ratio of likelihoods; another wave would help.")
    )
    return replace(found, posterior=posterior)


def drawn(plan: Calibration, truth: ObservedTargets, fitted: Emulators, n: int) -> np.ndarray:
    """`n` points in proportion to prior and likelihood."""
    found = sampling.likely(
        lambda u: implausibility.log_likelihood(fitted, truth, plan.space.from_prior(u)),
        max(PARTICLES, 2 * n),
        plan.space.k,
        plan.seed + 1000,
    )
    u = np.unique(found.u, axis=0)
    rng = np.random.default_rng(plan.seed + 1001)
    return plan.space.from_prior(u[rng.choice(len(u), n, replace=len(u) < n)])


def weights(new: np.ndarray, old: np.ndarray) -> tuple[np.ndarray, float]:
    """Importance weights that add up to 1, from logarithms of the likelihood wanted and of the one drawn from, and their power.

    Both are emulated, and so is the error of their ratio, which would leave a handful of points with all the weight. The ratio
    is taken to the largest power up to 1 that keeps the sample's effective share, as in a step of annealing (Del Moral et al. 2006).
    """
    log_ratio = new - old
    power = sampling.next_power(log_ratio, 0.0)
    ratio = np.exp(power * (log_ratio - log_ratio.max()))
    return ratio / ratio.sum(), power


# Its tables and manifest


def fit_table(found: Fit) -> pd.DataFrame:
    """Each target beside the runs of the posterior: median and middle 90 %, distance, and whether the record lies in the band."""
    plan, table = found.plan, found.sample.table
    run_weight = (
        found.posterior.weight[table.point]
        / np.maximum(np.bincount(table.point, minlength=table.n_points), 1)[table.point]
    )
    rows = []
    for k, t in enumerate(plan.target):
        values = table.values[:, k]
        there = np.isfinite(values)
        low, middle, high = (
            quantiles(values[there], run_weight[there], (0.05, 0.5, 0.95)) if there.any() else (np.nan,) * 3
        )
        e = found.sample.emulators.of[k]
        spread = np.sqrt(found.truth.variance[k] + (values[there].var() if there.any() else np.nan))
        rows.append(
            {
                "target": t.id,
                "unit": t.unit,
                "observed": float(t.plain(found.truth.z[k])),
                "error": float(np.sqrt(found.truth.variance[k])),
                "compared_as": "logarithm" if t.is_log else "value",
                "weighs": t.weigh,
                "runs_median": float(t.plain(middle)),
                "runs_low": float(t.plain(low)),
                "runs_high": float(t.plain(high)),
                "distance": float(abs(found.truth.z[k] - middle) / spread),
                "inside": bool(low <= found.truth.z[k] <= high),
                "emulator_r2": float(e.r2) if e is not None else np.nan,
                "fact": t.fact,
            }
        )
    return pd.DataFrame(rows)


def manifest_of(found: Fit) -> dict[str, Any]:
    """What the posterior says of itself."""
    from experiments.runs import provenance
    from sim.identity import code_key, git_commit

    plan = found.plan
    size = found.posterior.effective
    every = [*found.region.waves, found.sample]
    own = [implausibility.ranked(waves.distance_of_runs(found.truth, w), plan.rank) for w in every]
    return {
        "name": plan.name,
        "title": plan.title,
        "scenario": plan.scenario,
        "first": plan.first,
        "last": plan.last,
        "key": plan.key,
        "code": code_key(),
        "git_commit": git_commit() or "",
        "versions": provenance.versions(),
        "written": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "seed": plan.seed,
        "method": "history matching with Gaussian-process emulators, then importance weights of a Gaussian synthetic likelihood",
        "cutoff": plan.cutoff,
        "rank": plan.rank,
        "budget": plan.budget.model_dump(),
        "runs": found.runs,
        "core_hours": round(found.seconds / 3600, 3),
        "sets": found.posterior.n,
        "effective_sets": round(size, 1),
        "weights_power": round(found.power, 4),
        "acceptance": round(float(found.posterior.weight[own[-1] <= plan.cutoff].sum()), 4),
        "wave": [
            {
                "number": w.number if w is not found.sample else "sample",
                "points": w.table.n_points,
                "runs": len(w.table.point),
                "seeds": [int(w.table.seed.min()), int(w.table.seed.max())],
                "prior_left": float(f"{w.left:.4g}"),
                "cutoff_used": plan.cutoff if not np.isfinite(w.level) else round(max(w.level, plan.cutoff), 3),
                "points_within_cutoff": round(float(np.mean(s <= plan.cutoff)), 4),
                "emulator_r2": {
                    t.id: round(e.r2, 3)
                    for t, e in zip(plan.target, w.emulators.of)
                    if e is not None and np.isfinite(e.r2)
                },
            }
            for w, s in zip(every, own)
        ],
        "prior": {"weight": plan.prior.weight, "log_from": plan.prior.log_from, "why": plan.prior.why},
        "parameter": [p.as_dict() for p in plan.space.priors],
        "target": [
            {
                "id": t.id,
                "of": t.of,
                "observed": float(t.plain(z)),
                "error": round(float(np.sqrt(v)), 6),
                "weigh": t.weigh,
                "fact": t.fact,
            }
            for t, z, v in zip(plan.target, found.truth.z, found.truth.variance)
            if np.isfinite(z)
        ],
        "medoid": found.posterior.medoid,
    }


def checked_folder(plan: Calibration, folder: Path) -> None:
    """Makes the folder, or goes on in it; InputError when it holds another calibration or something else."""
    import tomllib

    import tomli_w

    from experiments.storage.files import replacing, writing

    file = folder / "calibration.toml"
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {str(folder)!r} is a file; allowed: a folder.")
    if file.is_file():
        try:
            old = tomllib.loads(file.read_text(encoding="utf-8")).get("key")
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            old = None
        if old != plan.key:
            raise InputError(
                f"--out {str(folder)!r} holds another calibration (other parameters, targets or window); give another --out."
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"--out {str(folder)!r} holds other files; give another --out.")
    with writing(f"--out {str(folder)!r}"):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as draft:
            draft.write_text(tomli_w.dumps({"key": plan.key, **plan.model_dump(exclude_none=True)}), encoding="utf-8")
