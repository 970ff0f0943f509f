"""What every caption states of results."""

from __future__ import annotations

from experiments.results.results import Results
from sim.view.charts.chart import About


def about(results: Results, more: str = "") -> About:
    """What the captions of these results state: runs, seeds, scenarios, commit."""
    from sim.view.run_data import commit_text

    names = list(dict.fromkeys(results.done["scenario"].astype(str))) if "scenario" in results.done else [results.name]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    failed = len(results.failed)
    lost = f"{failed} run{'s' if failed != 1 else ''} failed and {'are' if failed != 1 else 'is'} left out." if failed else ""
    return About(len(results.done), results.seeds, shown, commit_text(results.manifest), " ".join(p for p in (lost, more) if p))
