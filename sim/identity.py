"""Which model this is: what a run must have been made by, so that making it again gives the same bits."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def code_key() -> str:
    """Hash of the model's source and of the tables it reads: runs with equal keys agree if this is equal too."""
    import seeds
    import sim

    digest = hashlib.sha256()
    home = Path(sim.__file__).parent
    files = [f for f in sorted(home.rglob("*.py")) if "view" not in f.relative_to(home).parts]
    for file in [*files, *sorted(seeds.path("map").glob("*.csv"))]:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
