"""The model by a name that is only ours: `import pokrovsk`, installed as a module of its own beside `seeds`, `sim` and `experiments`.

These three are names that a user's own module may have, which then hides ours: Python takes the first that it finds. The command line,
the notebooks and `import experiments` look first, and say so in one line.
"""

import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = {"seeds": "scenarios", "sim": "kernels.toml", "experiments": "lazy_names.py"}  # each with something that only ours has


def hidden() -> str:
    """What is to be done when a module found before ours has the name of one of ours, as one line; else an empty string."""
    for name, own in PACKAGES.items():
        spec = getattr(sys.modules.get(name), "__spec__", None) or find_spec(name)
        places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
        found = next((Path(place) for place in places if place), None)
        if found is None:
            return f"the package {name!r} is missing; install pokrovsk again."
        if not (found.parent / own).exists():
            return f"{found} hides the package {name!r} of pokrovsk: rename it, or start from another folder and without it on PYTHONPATH."
    return ""


def __getattr__(name: str) -> str:
    if name == "__version__":
        try:
            return version("pokrovsk")
        except PackageNotFoundError:
            return "unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> None:
    """Entry point of the command `pokrovsk`."""
    from experiments.cli import main

    main()


if problem := hidden():
    if Path(sys.argv[0]).stem != "pokrovsk":
        raise ImportError(problem)
    print(f"pokrovsk: {problem}", file=sys.stderr)
    sys.exit(2)
if __name__ == "__main__":
    main()
