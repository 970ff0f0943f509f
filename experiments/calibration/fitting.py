"""The posterior: a last sample in proportion to the emulated likelihood, and the importance weights of all points of all waves.

The sample is run, emulators are fitted to its runs too, and every point that was ever run is weighed (`importance.py`). Weights are those of the
likelihood itself, however few points they leave: effective size and Pareto k say how far the sample stands for the posterior.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.calibration import implausibility, wave_tables, waves
from experiments.calibration.config import Calibration
from experiments.calibration.importance import EmulatedProposal, Weights
from experiments.calibration.posterior import Posterior
from experiments.calibration.sampling import quantiles
from experiments.calibration.simulations import SummaryTable
from experiments.calibration.waves import Done, Fitting, Wave
from experiments.sweep.runner import Log, SweepRunner, log
from sim.errors import InputError

LEAST_WEIGHT = 1e-6  # beside the largest: points with less are not shipped


@dataclass(frozen=True)
class Fit:
    """A calibration that is done: its waves, the sample as the last of them, and the posterior."""

    fitting: Fitting
    posterior: Posterior

    @property
    def plan(self) -> Calibration:
        return self.fitting.plan

    @property
    def sample(self) -> Wave:
        return self.fitting.waves[-1]

    @property
    def weights(self) -> Weights:
        """Of all points of all waves."""
        return self.sample.weights

    @property
    def runs(self) -> int:
        return sum(len(w.table.point) for w in self.fitting.waves)

    @property
    def seconds(self) -> float:
        """Of one core, of all long battles."""
        return sum(w.table.seconds for w in self.fitting.waves)


def calibrate(
    plan: Calibration,
    truth: implausibility.ObservedTargets,
    folder: Path,
    runner: SweepRunner,
    report: Log = log,
    first: SummaryTable | None = None,
    done: Done = lambda file: None,
) -> Fit:
    """All waves and the samples; SweepStopped when the runs were. `first`, `done`: see `waves.all_waves`."""
    found = waves.all_waves(plan, truth, folder, runner, report, first, done)
    n_waves = len(found.waves)
    for k in range(1, plan.budget.samples + 1):
        name = f"sample-{n_waves}-{k}"  # of so many waves: with more of them it is another sample
        found = found.next_wave(folder, name, plan.budget.sample, plan.budget.sample_replicates, 0.0, runner, report, done)
        if found.is_aimed_at:
            break
    bare = _posterior(found)
    return Fit(found, replace(bare, manifest=manifest_of(Fit(found, bare))))


def _posterior(found: Fitting) -> Posterior:
    """The sets that carry weight, without a manifest but for the priors that the medoid is taken by."""
    weight = found.waves[-1].weights.weight
    kept = weight >= LEAST_WEIGHT * weight.max()
    sets = pd.DataFrame(found.plan.space.from_unit(found.table.unit_points[kept]))
    return Posterior(
        weight[kept] / weight[kept].sum(), sets, {"parameter": [p.as_dict() for p in found.plan.space.priors]}
    )


# Its tables and manifest


def fit_table(found: Fit) -> pd.DataFrame:
    """Each target beside the runs of the posterior: median and middle 90 %, distance, and whether the record lies in the band."""
    plan, truth, table = found.plan, found.fitting.truth, found.fitting.table
    run_weight = (
        found.weights.weight[table.point]
        / np.maximum(np.bincount(table.point, minlength=table.n_points), 1)[table.point]
    )
    share = implausibility.emulator_share(found.sample.emulators, truth, found.sample.table.unit_points)
    rows = []
    for k, t in enumerate(plan.target):
        values = table.values[:, k]
        there = np.isfinite(values)
        low, middle, high = (
            quantiles(values[there], run_weight[there], (0.05, 0.5, 0.95)) if there.any() else (np.nan,) * 3
        )
        e = found.sample.emulators.of[k]
        spread = np.sqrt(
            truth.variance[k] + (np.cov(values[there], aweights=run_weight[there]) if there.sum() > 1 else np.nan)
        )
        rows.append(
            {
                "target": t.id,
                "unit": t.unit,
                "observed": float(t.plain(truth.z[k])),
                "error": float(np.sqrt(truth.variance[k])),
                "compared_as": "logarithm" if t.is_log else "value",
                "discrepancy": float(np.sqrt(truth.discrepancy[k])),
                "weighs": t.weigh,
                "runs_median": float(t.plain(middle)),
                "runs_low": float(t.plain(low)),
                "runs_high": float(t.plain(high)),
                "distance": float(abs(truth.z[k] - middle) / spread),
                "inside": bool(low <= truth.z[k] <= high),
                "emulator_r2": float(e.r2) if e is not None else np.nan,
                "emulator_most": float(e.ceiling) if e is not None else np.nan,
                "emulator_ahead": float(found.sample.ahead[k]),
                "emulator_share": float(share[k]),
                "active": " ".join(plan.space.keys[j] for j in e.active) if e is not None else "",
                "fact": t.fact,
            }
        )
    return pd.DataFrame(rows)


def manifest_of(found: Fit) -> dict[str, Any]:
    """What the posterior says of itself."""
    from experiments.runs import provenance
    from sim.identity import code_key, git_commit

    plan, truth, weights = found.plan, found.fitting.truth, found.weights
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
        "method": "history matching with Gaussian-process emulators, then adaptive importance weights of an emulated Gaussian synthetic likelihood",
        "cutoff": plan.cutoff,
        "rank": plan.rank,
        "budget": plan.budget.model_dump(),
        "runs": found.runs,
        "core_hours": round(found.seconds / 3600, 3),
        "sets": found.posterior.n,
        "effective_sets": round(weights.effective, 1),
        "pareto_k": round(weights.pareto_k, 3),
        "largest_weight": round(weights.largest, 4),
        "acceptance": round(
            float(weights.weight[found.fitting.distance.at(found.fitting.table.unit_points) <= plan.cutoff].sum()), 4
        ),
        "wave": [_wave_entry(plan, w) for w in found.fitting.waves],
        "prior": {"weight": plan.prior.weight, "log_from": plan.prior.log_from, "why": plan.prior.why},
        "parameter": [p.as_dict() for p in plan.space.priors],
        "later_sources": plan.later_sources,
        "target": [
            {
                "id": t.id,
                "of": t.of,
                "observed": float(t.plain(truth.z[k])),
                "error": round(float(np.sqrt(truth.error[k])), 6),
                "discrepancy": round(float(np.sqrt(truth.discrepancy[k])), 6),
                "weigh": t.weigh,
                "fact": t.fact,
            }
            for k, t in enumerate(plan.target)
            if truth.known[k]
        ],
        "medoid": found.posterior.medoid,
    }


def _wave_entry(plan: Calibration, w: Wave) -> dict[str, Any]:
    """A wave in the manifest: size, where its points came from, what emulators predict, and the weights after it."""
    of = {t.id: e for t, e in zip(plan.target, w.emulators.of) if e is not None}
    rounded = lambda values: {name: round(float(v), 3) for name, v in values.items() if np.isfinite(v)}  # noqa: E731
    left = {}
    if isinstance(w.proposal, EmulatedProposal) and w.proposal.wide:
        left = {"prior_left": float(f"{w.proposal.size:.4g}"), "cutoff_used": round(w.proposal.level, 3)}
    return {
        "number": w.number,
        "name": w.name,
        "points": w.table.n_points,
        "runs": len(w.table.point),
        "seeds": [int(w.table.seed.min()), int(w.table.seed.max())],
        **left,
        "effective_sets": round(w.weights.effective, 1),
        "pareto_k": round(min(w.weights.pareto_k, 99.0), 3),
        "emulator_r2": rounded({name: e.r2 for name, e in of.items()}),
        "emulator_most": rounded({name: e.ceiling for name, e in of.items()}),
        "emulator_ahead": rounded({t.id: v for t, v in zip(plan.target, w.ahead)}),
        "active": {name: [plan.space.keys[j] for j in e.active] for name, e in of.items()},
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
    if folder.is_dir() and any(entry.name != wave_tables.FOLDER for entry in folder.iterdir()):
        raise InputError(f"--out {str(folder)!r} holds other files; give another --out.")
    with writing(f"--out {str(folder)!r}"):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as draft:
            draft.write_text(tomli_w.dumps({"key": plan.key, **plan.model_dump(exclude_none=True)}), encoding="utf-8")
