"""What to type when a library of an extra is not installed."""

import json
import shlex
import sys
from importlib import metadata
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTIONS = {"dask": "dask", "distributed": "dask", "sklearn": "scikit-learn"}  # of modules that are named otherwise
GATHERED = ("all", "test")  # extras made of others


def require(*modules: str) -> None:
    """Looks for modules of extras before a long command begins; ModuleNotFoundError names the first that is not installed."""
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"no module {module!r}", name=module)


def missing_extra(module: str) -> str | None:
    """One line with the command that installs the extra which brings a module; None for a module that no extra brings."""
    name = canonicalize_name(DISTRIBUTIONS.get(module.partition(".")[0], module.partition(".")[0]))
    try:
        ours = metadata.distribution("pokrovsk")
    except metadata.PackageNotFoundError:
        return None
    wanted = [r for r in map(Requirement, ours.requires or ()) if canonicalize_name(r.name) == name and r.marker]
    extras = [extra for extra in ours.metadata.get_all("Provides-Extra") or () if extra not in GATHERED]
    extra = next((e for e in extras for r in wanted if r.marker and r.marker.evaluate({"extra": e})), None)
    return f"this needs {name}, which is not installed; type: {_install(ours, extra)}" if extra else None


def _install(ours: metadata.Distribution, extra: str) -> str:
    """The command that adds an extra to this environment, by the installer that made it and from where it took the package."""
    origin = json.loads(ours.read_text("direct_url.json") or "{}")
    url = origin.get("url", "")
    if origin.get("dir_info", {}).get("editable"):
        wanted = ["-e", f"{url2pathname(urlsplit(url).path)}[{extra}]"]
    else:
        wanted = [f"pokrovsk[{extra}] @ {url}" if url else f"pokrovsk[{extra}]"]
    is_of_uv = (ours.read_text("INSTALLER") or "").strip() == "uv"
    installer = ["uv", "pip", "install", "--python", sys.executable] if is_of_uv else [sys.executable, "-m", "pip", "install"]
    return shlex.join([*installer, *wanted])
