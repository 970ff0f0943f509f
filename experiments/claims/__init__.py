"""The claims of the founding analysis and the mission questions. `from experiments.claims import answer`."""

from experiments.claims.claims import answer

__all__ = ["answer"]
