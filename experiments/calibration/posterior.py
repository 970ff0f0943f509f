"""The posterior: weighted parameter sets that a calibration left, as they are shipped, drawn from and run.

`seeds/posterior/` (or the folder of any calibration) has `sample.csv` with a weight and every fitted parameter a row, and
`manifest.toml` that says what made it; `identifiability.csv` and `targets.csv` say what came of parameters and of targets.
"""

from __future__ import annotations

import datetime as dt
import tomllib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import seeds
from experiments.runs.identity import BASELINE
from sim.errors import InputError, InputNote

if TYPE_CHECKING:
    from experiments.studies.study import Study

SAMPLE, MANIFEST = "sample.csv", "manifest.toml"
IDENTIFIABILITY, TARGETS = "identifiability.csv", "targets.csv"
SCHEMA = 1
APART = 1_000_000  # seeds of one ensemble and of the next


@dataclass(frozen=True)
class Posterior:
    """Parameter sets (one column a dotted key) with weights that add up to 1, and the manifest of what made them.

    `folder` is where they were read from, None for sets that were not; `gone` are parameters of the fit that the rules no longer have,
    which are left out everywhere.
    """

    weight: np.ndarray
    sets: pd.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    gone: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        return list(self.sets.columns)

    @property
    def n(self) -> int:
        return len(self.sets)

    @property
    def effective(self) -> float:
        """Effective number of sets."""
        from experiments.calibration.sampling import effective

        return effective(self.weight)

    @cached_property
    def identifiability(self) -> pd.DataFrame:
        """Prior beside posterior, one row a parameter: see `experiments.calibration.identifiability.table`."""
        table = self._table(
            IDENTIFIABILITY, ("key", "prior_low", "prior_high", "low", "high", "narrower", "overlap", "clear")
        )
        return table[~table["key"].isin(self.gone)]

    @cached_property
    def targets(self) -> pd.DataFrame:
        """Each target beside the runs, one row a target: see `experiments.calibration.fitting.fit_table`."""
        return self._table(
            TARGETS, ("target", "unit", "observed", "compared_as", "runs_low", "runs_median", "runs_high")
        )

    def _table(self, name: str, needed: tuple[str, ...]) -> pd.DataFrame:
        from experiments.storage.files import reading

        if self.folder is None:
            raise InputError(f"{name}: these sets were not read from a folder; `posterior.load` reads one.")
        with reading(repr(str(self.folder / name))):
            table = pd.read_csv(self.folder / name)
        lost = [column for column in needed if column not in table]
        if lost:
            raise InputError(f"{str(self.folder / name)!r}: no column {lost[0]!r}.")
        return table

    def draw(self, n: int, seed: int = 1) -> dict[str, list[float]]:
        """`n` sets in proportion to their weights, by parameter, in random order: a column of a study's given points."""
        from experiments.calibration.sampling import systematic

        if n < 1:
            raise InputError(f"{n} sets; allowed: 1 or more.")
        rng = np.random.default_rng(seed)
        rows = rng.permutation(systematic(self.weight, n, rng))
        return {key: self.sets[key].iloc[rows].tolist() for key in self.keys}

    def _scaled(self, key: str) -> np.ndarray:
        """A parameter's values on the scale of its prior, in standard deviations of that prior."""
        from experiments.calibration.priors import ParameterSpace, PriorForm, prior_from_manifest

        values = self.sets[key].to_numpy(float)
        entry = next((p for p in self.manifest.get("parameter", []) if p["key"] == key), None)
        if entry is None:
            spread = np.sqrt(np.average((values - np.average(values, weights=self.weight)) ** 2, weights=self.weight))
            return values / (spread if spread > 0 else 1.0)
        form = self.manifest.get("prior", {})
        prior = prior_from_manifest(
            entry, PriorForm(form.get("weight", PriorForm.weight), form.get("log_from", PriorForm.log_from))
        )
        return prior.to_unit(values) / ParameterSpace((prior,)).standard_deviation()[0]

    @cached_property
    def medoid(self) -> dict[str, float]:
        """The set with the least mean distance to all others, each parameter on the scale of its prior and in units of that prior's spread.

        A parameter whose prior is not known is taken as it is, in units of its own spread.
        """
        from scipy.spatial.distance import cdist

        x = np.column_stack([self._scaled(key) for key in self.keys])
        row = int(np.argmin(cdist(x, x) @ self.weight))
        return {key: self.sets[key].iloc[row].item() for key in self.keys}

    def study(
        self,
        name: str,
        n: int,
        *,
        seed: int = 1,
        scenario: str | None = None,
        start: dt.date | None = None,
        days: int | None = None,
        measures: Sequence[str] = (),
        maps: str | list[int] = "all",
    ) -> Study:
        """An ensemble of `n` drawn sets, each with random variation of its own, with daily rows and maps of all days (or those given)."""
        from experiments.studies.files import study_of

        fields: dict[str, Any] = {
            "name": name,
            "title": f"{n} parameter sets of the posterior",
            "scenario": scenario or self.manifest.get("scenario", BASELINE),
            "design": "given",
            "replicates": 1,
            "point_seeds": list(range(seed * APART + 1, seed * APART + 1 + n)),
            "start": start,
            "days": days,
            "measures": list(measures),
            "daily": True,
            "factors": self.draw(n, seed),
        }
        if maps == "all":
            maps = list(range(min(s.days for s in study_of(fields, name).scenarios.values()) + 1))
        return study_of({**fields, "maps": maps}, name).checked()

    def crossed(self, study: Study, n: int, seed: int = 1, replicates: int = 1) -> Study:
        """A study by levels asked again of `n` drawn sets: each point of it with each set, and with one seed for all points of a set.

        Seeds then stand for sets and random variation together, so that contrasts over seeds have the posterior in their intervals.
        What the study moves or sets itself is not taken from the sets.
        """
        from experiments.studies.files import study_of

        if not study.plan.is_grid or study.design == "given":
            raise InputError(
                f"{study.name}: a {study.design} design cannot be crossed with a posterior; allowed: factorial, one-at-a-time."
            )
        points = study.points()
        drawn = {k: v for k, v in self.draw(n, seed).items() if k not in study.parameters and k not in study.fixed}
        fields = study.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
        factors: dict[str, Any] = {}
        for factor in study.factor_list:
            levels = [p.levels[factor.name] for p in points] * n
            if any(v is None for v in levels):
                raise InputError(
                    f"{study.name}: {factor.name}: the baseline leaves it to the scenario, which given points cannot; use a factorial design."
                )
            if factor.bundles is not None:
                factors[factor.name] = {"bundles": factor.bundles, "order": levels}
            else:
                factors[factor.name] = [p.scenario for p in points] * n if factor.name == "scenario" else levels
        factors |= {key: [v for v in column for _ in points] for key, column in drawn.items()}
        first = [seed * APART + 1 + k * replicates for k in range(n) for _ in points]
        for name in ("seed", "design_seed", "skip"):
            fields.pop(name, None)
        fields |= {"design": "given", "replicates": replicates, "factors": factors, "point_seeds": first}
        return study_of(fields, study.name).checked()

    def write(self, folder: Path) -> None:
        """Writes the sample and the manifest."""
        import tomli_w

        from experiments.storage.files import replacing, writing

        with writing(repr(str(folder))):
            folder.mkdir(parents=True, exist_ok=True)
            table = pd.concat([pd.Series(self.weight, name="weight"), self.sets.reset_index(drop=True)], axis=1)
            with replacing(folder / SAMPLE) as draft:
                table.to_csv(draft, index=False, float_format="%.9g")
            with replacing(folder / MANIFEST) as draft:
                draft.write_text(
                    tomli_w.dumps({"schema": SCHEMA, "kind": "posterior", **self.manifest}), encoding="utf-8"
                )


def load(folder: str | Path | None = None) -> Posterior:
    """The shipped posterior, or that of a folder; InputError when there is none or it is broken.

    Of one that was fitted under earlier rules the parameters that there are still are taken, and a note names the others.
    """
    from experiments.storage.files import known_schema, reading

    place = Path(folder) if folder is not None else seeds.path("posterior")
    if not (place / SAMPLE).is_file():
        known = "no posterior is shipped" if folder is None else f"{str(place)!r} holds no posterior ({SAMPLE})"
        raise InputError(f"{known}; `pokrovsk calibrate` makes one.")
    with reading(f"{str(place)!r}: the posterior"):
        manifest = tomllib.loads((place / MANIFEST).read_text(encoding="utf-8"))
        table = pd.read_csv(place / SAMPLE)
    if manifest.get("kind") != "posterior" or not isinstance(manifest.get("schema"), int):
        raise InputError(f"{str(place / MANIFEST)!r} is not that of a posterior.")
    known_schema(repr(str(place)), manifest["schema"], SCHEMA)
    manifest, gone = _known(manifest)
    found = of_table(table.drop(columns=gone, errors="ignore"), manifest, str(place))
    if gone:
        warnings.warn(
            f"{str(place)!r}: the posterior was fitted under earlier rules; left out, being parameters no more: {', '.join(gone)}. "
            "`pokrovsk calibrate` makes a new one.",
            InputNote,
            stacklevel=2,
        )
    return replace(found, folder=place, gone=tuple(gone))


def _known(manifest: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A manifest without the fitted parameters that the rules no longer have, and their keys."""
    from sim.settings import catalog

    fitted = manifest.get("parameter", [])
    gone = [p["key"] for p in fitted if p["key"] not in catalog()]
    medoid = {key: value for key, value in manifest.get("medoid", {}).items() if key not in gone}
    return {
        **manifest,
        "parameter": [p for p in fitted if p["key"] not in gone],
        "medoid": medoid,
    } if gone else manifest, gone


def of_table(table: pd.DataFrame, manifest: dict[str, Any], where: str) -> Posterior:
    """A posterior from a table with a column `weight` and one for each parameter, checked against what is declared."""
    from sim.settings import resolve

    if "weight" not in table or len(table.columns) < 2 or not len(table):
        raise InputError(f"{where}: {SAMPLE}: needed: a column `weight`, one for each parameter, and a row or more.")
    weight = table["weight"].to_numpy(float)
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
        raise InputError(f"{where}: {SAMPLE}: weights must be 0 or more, and not all 0.")
    columns = {}
    for name in table.columns.drop("weight"):
        try:
            declared = resolve(name)
            columns[declared.key] = [
                declared.parse(declared.kind(v) if declared.kind is int else v) for v in table[name].tolist()
            ]
        except (InputError, ValueError) as error:
            raise InputError(f"{where}: {SAMPLE}: {error}") from None
    return Posterior(weight / weight.sum(), pd.DataFrame(columns), manifest)


def draw(n: int, seed: int = 1, folder: str | Path | None = None) -> list[dict[str, float]]:
    """`n` parameter sets of the posterior as overrides of a battle, by dotted key."""
    columns = load(folder).draw(n, seed)
    return [dict(zip(columns, row)) for row in zip(*columns.values())]
