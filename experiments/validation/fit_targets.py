"""Which rows ask for what the fit was aimed at: its targets, by the summaries and the facts that they share with a row."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from experiments.validation.checks import Row

if TYPE_CHECKING:
    from experiments.calibration.plan_tables import Target


def fitted(row: Row) -> list[str]:
    """The targets of the baseline's calibration that are figures of a row, by id.

    A target is one when its summary is among those that the row names, or when it cites a fact that the row's source cites.
    """
    return [target.id for target in _targets() if is_aim(target, row)]


def is_aim(target: Target, row: Row) -> bool:
    """Whether a target of the fit is a figure of the row."""
    cited = re.findall(r"[a-z]\w*_[\w*]+", row.source)  # a source may cite several facts at once: front_km_*
    return target.of in row.targets or (bool(target.fact) and any(fnmatchcase(target.fact, name) for name in cited))


def unplaced() -> list[str]:
    """Targets of the fit that are figures of no row, by id: there should be none, else rows may look unseen that were not."""
    from experiments.validation import catalog

    rows = catalog.rows()
    return [target.id for target in _targets() if not any(is_aim(target, row) for row in rows)]


def _targets() -> list[Target]:
    from experiments.calibration.config import load_plan

    return load_plan().target
