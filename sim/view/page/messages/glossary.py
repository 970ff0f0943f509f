"""The glossary of the model as the page shows it: read from sim/README.md, where it stands."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import sim


@cache
def glossary() -> dict[str, str]:
    """Definitions by term, without the names of measures and parameters; empty where the file is not installed."""
    file = Path(sim.__file__).with_name("README.md")
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    section = text.partition("\n## Glossary\n")[2].partition("\n## ")[0]
    entries = re.findall(r"^\* \*\*(.+?)\*\*: (.+(?:\n  .+)*)", section, flags=re.M)
    return {term: _plain(words) for term, words in entries}


def _plain(words: str) -> str:
    without = re.sub(r"\s*\(`[^)]*`\)", "", words)
    return re.sub(r"\s+", " ", without).replace("km2", "km²")
