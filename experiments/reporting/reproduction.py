"""How to make results again: the versions behind them, and the commands and the study that lead there."""

from __future__ import annotations

from shlex import quote
from typing import Any

from experiments.results.results import Results
from sim.errors import InputError


def versions(results: Results) -> list[tuple[str, str]]:
    """What made the results: versions of libraries, commit, and hashes of code and study."""
    manifest = results.manifest
    rows = [(name, str(v)) for name, v in manifest.get("versions", {}).items()]
    known = (("commit", "git_commit"), ("code", "code"), ("study", "key"), ("schema", "schema"), ("written", "written"))
    return rows + [(name, str(manifest[key])) for name, key in known if manifest.get(key) not in (None, "")]


def commands(results: Results) -> dict[str, str]:
    """Commands that make these results and this page again, and the study's text."""
    commit = str(results.manifest.get("git_commit") or "")
    lines = [f"git checkout {commit.removesuffix('+')}"] if commit else []
    study = results.study
    if study is None and results.factors:
        return {"commands": "\n".join(lines), "study": "", "note": "The study file is missing, so the command of this sweep is not known.", "dirty": ""}
    if study is not None:
        shipped = _is_shipped(study)
        source = study.name if shipped else f"{study.name}.toml"
        folder = f"runs/{study.name}"
        lines += ["uv sync", f"uv run pokrovsk sweep {quote(source)} --out {quote(folder)}", f"uv run pokrovsk report {quote(folder)}"]
        text = study.to_toml()
        note = "The study, as it comes with this version:" if shipped else f"The study; save it as {study.name}.toml:"
    else:
        lines += ["uv sync", _run_command(results), f"uv run pokrovsk report {quote(f'runs/{results.name}')}"]
        text = note = ""
    dirty = "The code had changes that are not in this commit, so the numbers may differ." if commit.endswith("+") else ""
    return {"commands": "\n".join(lines), "study": text, "note": note, "dirty": dirty}


def _is_shipped(study: Any) -> bool:
    """Whether the study of that name that comes with this version is the same."""
    from experiments.studies.files import load_study, study_names

    try:
        return study.name in study_names() and load_study(study.name).key == study.key
    except InputError:
        return False


def _run_command(results: Results) -> str:
    manifest = results.manifest
    seeds = sorted(int(s) for s in results.runs["seed"])
    parts = ["uv run pokrovsk run", quote(str(manifest.get("name", ""))), f"--start {manifest.get('start')}", f"--days {manifest.get('days')}"]
    parts += [f"--seed {seeds[0]}", f"--runs {len(seeds)}"]
    parts += [f"--set {quote(f'{k}={str(v).lower() if isinstance(v, bool) else v}')}" for k, v in manifest.get("overrides", {}).items()]
    return " ".join([*parts, f"--out {quote(f'runs/{results.name}')}"])
