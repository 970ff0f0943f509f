"""Tables of the model's documents, made from its declarations: `pokrovsk params --document` writes them anew.

The documents of `sim/` describe the model after the ODD protocol (Grimm et al. 2020). What stands in them between
`<!-- generated: NAME -->` and `<!-- end -->` is made here; the rest is written by hand.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sim
from experiments.storage.files import replacing, writing
from experiments.validation import catalog as row_catalog
from experiments.validation import checks
from sim.columns import Column
from sim.errors import InputError
from sim.fields import BLOCK_COLUMNS, CELL_COLUMNS, NODE_COLUMNS
from sim.forces import BOOK_COLUMNS, FORMATION_COLUMNS, UNIT_COLUMNS
from sim.kinds import KINDS
from sim.measures import SHIPPED
from sim.phases import PHASES
from sim.quantity import Declaration
from sim.scenario import SCHEDULES
from sim.settings import catalog, models

PARAMETER_HEAD = ("key", "short name", "value", "unit", "range", "role", "source", "meaning")


def parameter_row(d: Declaration) -> tuple[str, ...]:
    """A parameter as its table has it: what `PARAMETER_HEAD` names."""
    limits = "on or off" if d.is_switch else f"{_number(d.low)} to {_number(d.high)}"
    return d.key, d.short or "", d.default_text, "" if d.is_switch else d.unit, limits, d.role, d.fact, d.doc


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


HOME = Path(sim.__file__).parent
FILES = ("README.md", "variables.md", "parameters.md")
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(?:(?!<!-- generated:).)*?(<!-- end -->)", re.DOTALL)
WIDTH = 138  # of a line that can be wrapped

ENTITIES: dict[str, tuple[Column, ...]] = {  # what has state, and its columns
    "unit": UNIT_COLUMNS,
    "formation": FORMATION_COLUMNS,
    "side": BOOK_COLUMNS,
    "cell": CELL_COLUMNS,
    "node": NODE_COLUMNS,
    "block": BLOCK_COLUMNS,
}


def patterns() -> list[str]:
    """The rows of the scorecard by kind, as a list."""
    titles = {kind: "; ".join(f"{r.id} {r.title}" for r in row_catalog.rows() if r.kind == kind) for kind in checks.KINDS}
    return [item(f"**{title.capitalize()}**: {titles[kind]}.") for kind, title in checks.KINDS.items()]


def entities() -> list[str]:
    """The names of all state variables with their units, entity by entity, as a list."""
    named = {name: ", ".join(f"{c.name} ({c.unit})" if c.unit else c.name for c in cs) for name, cs in ENTITIES.items()}
    return [item(f"**{name}** ({len(ENTITIES[name])}): {columns}.") for name, columns in named.items()]


def variables() -> list[str]:
    """Every state variable with unit, count and meaning: a table for each entity."""
    lines = []
    for name, columns in ENTITIES.items():
        rows = [(f"`{c.name}`", c.unit, c.width if c.width > 1 else "", c.doc) for c in columns]
        lines += [f"## {name.capitalize()}", "", *table(("variable", "unit", "numbers", "meaning"), rows), ""]
    return lines[:-1]


def measures() -> list[str]:
    """Every measure with unit, kind and meaning."""
    rows = [(f"`{m.name}`", m.unit, m.kind, m.doc) for m in SHIPPED.values()]
    return table(("measure", "unit", "kind", "meaning"), rows)


def kinds() -> list[str]:
    """The kinds of unit and what one is."""
    rows = [(f"[`{name}`](kinds/{name}.py)", meaning(kind, 1)) for name, kind in KINDS.items()]
    return table(("kind", "a unit is"), rows)


def phases() -> list[str]:
    """The phases of a step in order: what each is about, what it reads and writes."""
    rows = [(f"`{name}`", meaning(p, 0), ", ".join(p.READS), ", ".join(p.WRITES)) for name, p in PHASES.items()]
    return table(("", "phase", "what", "reads", "writes"), [(k, *row) for k, row in enumerate(rows, 1)])


def schedules() -> list[str]:
    """The dated series that a scenario may carry, as a list: those with the same meaning in one item."""
    return [
        item(", ".join(f"`{key}`" for key in SCHEDULES if SCHEDULES[key] == doc) + f": {doc}.")
        for doc in dict.fromkeys(SCHEDULES.values())
    ]


def counts() -> list[str]:
    """How many parameters there are: by role, by source, and of each kind and phase."""
    known = catalog().values()
    levers = sum(d.role == "lever" for d in known)
    assumed = sum(d.fact == "modelling assumption" for d in known)
    each = ", ".join(f"{prefix} {len(model.model_fields)}" for prefix, model in models().items())
    text = f"""{len(known)} [parameters](parameters.md): {levers} levers (somebody's decision) and {len(known) - levers} other.
    {assumed} defaults are modeling assumptions; {len(known) - assumed} name a fact or a series. By module: {each}."""
    return textwrap.wrap(" ".join(text.split()), WIDTH)


def parameters() -> list[str]:
    """Every parameter: a table for each kind and phase."""
    lines = []
    for prefix in models():
        rows = [parameter_row(d) for key, d in catalog().items() if key.startswith(f"{prefix}.")]
        lines += [f"## {prefix}", "", *table(PARAMETER_HEAD, [(f"`{key}`", *rest) for key, *rest in rows]), ""]
    return lines[:-1]


TABLES: dict[str, Callable[[], list[str]]] = {
    f.__name__: f for f in (patterns, entities, variables, measures, kinds, phases, schedules, counts, parameters)
}


def meaning(module, part: int) -> str:
    """The first line of a module's docstring before (`part` 0) or after (1) its colon."""
    return module.__doc__.splitlines()[0].partition(":")[2 * part].strip().rstrip(".")


def table(head: Iterable, rows: Iterable[Iterable]) -> list[str]:
    """Lines of a Markdown table."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|---" * len(cells[0]) + "|", *lines[1:]]


def item(text: str) -> str:
    """One wrapped item of a list."""
    return textwrap.fill(text, WIDTH, initial_indent="* ", subsequent_indent="  ", break_on_hyphens=False)


def filled(text: str) -> str:
    """A document with its generated parts as they should be; InputError for an unknown mark or one without an end."""
    marks = BLOCK.findall(text)
    unknown = [name for _, name, _ in marks if name not in TABLES]
    if unknown:
        raise InputError(f"<!-- generated: {unknown[0]} -->: no such table; known: {', '.join(TABLES)}.")
    if len(marks) != text.count("<!-- generated:"):
        raise InputError("a mark <!-- generated: ... --> has no <!-- end -->.")
    return BLOCK.sub(lambda m: m[1] + "\n".join(TABLES[m[2]]()) + "\n" + m[3], text)


def document() -> None:
    """Rewrites the generated parts of the documents, and says which have changed; InputError outside a checkout."""
    if not (HOME.parent / "pyproject.toml").is_file():
        raise InputError(f"--document: {str(HOME.parent)!r} is no checkout: there is nothing to rewrite.")
    for name in FILES:
        path = HOME / name
        with writing(f"--document: {str(path)!r}"):
            old = path.read_text("utf-8")
            new = filled(old)
            if new != old:
                with replacing(path) as draft:
                    draft.write_text(new, "utf-8")
        print(f"sim/{name}: {'as declared already' if new == old else 'rewritten'}")
