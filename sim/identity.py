"""Identity of the model: the key and the commit of the code that a run is made with."""

from __future__ import annotations

import hashlib
import subprocess
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


@cache
def git_commit() -> str | None:
    """The commit of the checkout this code runs from ("+" after it when files differ); None outside one or without git."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None
