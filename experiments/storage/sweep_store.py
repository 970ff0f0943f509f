"""A store of runs: finished runs as Parquet, safe against a kill or a power cut at any moment.

    study.toml        the study as it was given
    scenarios/        its scenarios in full, with their front files
    manifest.toml     what this is: schema, key of the study, key of the code, factors, units, versions
    runs/             one row a run
    daily/, maps/     rows by day, and control maps, when the study keeps them
    events/, captures/, frames/   what happened, and the last moment, when they are kept
    .lock             held by the command that writes

The folder of a sweep is a store; the folder of `pokrovsk run` has one in `.parts`, where the number of a run is its seed.

Runs are committed in groups, each under the next number: `daily/00000012.parquet` and `maps/...` first, `runs/...` last.
A commit counts when its file in `runs` is there; what lies in the other tables without it belongs to nobody. Of a run that
is in two commits (it was made again, to keep more of it) the later counts. Compaction
writes `00000001-00000256.parquet` and then removes what it stands for; a file whose numbers lie within those of another
is no longer read. One writer, held by the lock.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.identity import SCHEMA
from experiments.storage.files import known_schema, replacing
from sim.errors import InputError, read_toml

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

TABLES = ("daily", "maps", "events", "captures", "frames", "runs")  # in the order of a commit
ROW_GROUPS = {"maps": 512, "daily": 16_384}  # rows of a row group: what is read at least to read one run
GROUP = 64  # so many small commits are merged into one on the way
BIG_BYTES = 64 << 20  # files of this size are left as they are
HELD_BYTES = 8 << 20  # so much is held in memory to be merged
LOCK = ".lock"
_NAME = re.compile(r"(\d{8})(?:-(\d{8}))?\.parquet")


@dataclass(frozen=True, order=True)
class Commit:
    """Runs that were written together: numbers `first` to `last`, one file a table."""

    first: int
    last: int

    @property
    def file(self) -> str:
        return f"{self.first:08d}.parquet" if self.first == self.last else f"{self.first:08d}-{self.last:08d}.parquet"

    def within(self, other: Commit) -> bool:
        return self != other and other.first <= self.first and self.last <= other.last


# Reading


def commits(folder: Path, table: str = "runs") -> list[Commit]:
    """The commits of a table that are in force, oldest first."""
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder / table):
            match = _NAME.fullmatch(name)
            if match:
                found.append(Commit(int(match[1]), int(match[2] or match[1])))
    return [c for c in sorted(found) if not any(c.within(other) for other in found if other.first != other.last)]


def files(folder: Path, table: str = "runs") -> list[Path]:
    """The files of a table that count: those of finished commits only."""
    known = commits(folder)
    return [path for c in known if (path := folder / table / c.file).is_file()]


def read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """One file of the store; InputError when it is damaged."""
    with _opened(path) as file:
        return file.read(columns)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A file of the store; InputError when it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:  # `read_table` would load a query engine first, and take a folder `seed=9` for a column
            yield file
    except FileNotFoundError:
        raise
    except (OSError, KeyError, pa.ArrowException):
        raise InputError(f"{str(path)!r} is damaged; remove it, and the same command makes its runs again.") from None


class RowsByRun:
    """One table of a store, run by run, with a few row groups in memory. Columns are read by position, never by path."""

    def __init__(self, folders: list[Path], table: str):
        self._groups: dict[int, list[tuple[Path, int]]] = {}  # where the rows of a run are
        self._read = lru_cache(maxsize=4)(_read_group)
        for folder in folders:
            for path in files(folder, table):
                found: dict[int, list[tuple[Path, int]]] = {}
                for group, runs in _runs_by_group(path):
                    for run in runs:
                        found.setdefault(run, []).append((path, group))
                self._groups |= found  # a later commit takes the place of an earlier one

    @property
    def runs(self) -> list[int]:
        """Numbers of the runs that have rows, in order."""
        return sorted(self._groups)

    def rows(self, run: int) -> pa.Table | None:
        """The rows of a run; None when there is none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        parts = [self._read(*place) for place in self._groups.get(run, ())]
        return pa.concat_tables([part.filter(pc.equal(part["run"], run)) for part in parts]) if parts else None


def _runs_by_group(path: Path) -> Iterator[tuple[int, list[int]]]:
    import pyarrow.compute as pc

    with _opened(path) as file:
        for group in range(file.num_row_groups):
            yield group, pc.unique(file.read_row_group(group, ["run"])["run"]).to_pylist()


def _read_group(path: Path, group: int) -> pa.Table:
    with _opened(path) as file:
        return file.read_row_group(group)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a sweep; None when there is none. InputError when it is broken, foreign or newer."""
    file = folder / "manifest.toml"
    if not file.is_file():
        return None
    try:
        manifest = read_toml(file)
    except InputError:
        raise InputError(f"{str(folder)!r} holds a manifest.toml that cannot be read; give another --out.") from None
    if manifest.get("kind") != "sweep":
        raise InputError(f"{str(folder)!r} holds something other than a sweep ({manifest.get('name', 'unknown')}); give another --out.")
    known_schema(repr(str(folder)), manifest.get("schema"), SCHEMA)
    return manifest


# Writing


class Store:
    """The folder, opened for writing by one command."""

    def __init__(self, folder: Path, lock: Any):
        self.folder, self._lock = folder, lock
        self.broken: list[str] = []
        self.reset()

    def reset(self) -> None:
        """Begins with what the folder holds now."""
        self._held: dict[Commit, dict[str, pa.Table]] = {}  # small commits of this command, to be merged without reading
        self.next = 1 + max((c.last for table in TABLES for c in commits(self.folder, table)), default=0)

    def tidy(self) -> None:
        """Removes what a kill left: drafts, merged files, rows without their commit. Sets damaged files aside."""
        for table in TABLES:
            for draft in (self.folder / table).glob(".*.tmp"):
                draft.unlink(missing_ok=True)
        for commit in commits(self.folder):
            if not all(is_whole(p) for t in TABLES if (p := self.folder / t / commit.file).is_file()):
                self.broken.append(commit.file)
                for table in TABLES:
                    path = self.folder / table / commit.file
                    if path.is_file():
                        os.replace(path, path.with_name(path.name + ".broken"))
        known = {c.file for c in commits(self.folder)}
        for table in reversed(TABLES):  # a merged commit stands before what it replaces goes
            for path in (self.folder / table).glob("*.parquet"):
                if _NAME.fullmatch(path.name) and path.name not in known:
                    path.unlink(missing_ok=True)

    def recorded(self, is_enough: Callable[[int, str | None], bool] = lambda run, kept: True) -> tuple[set[int], set[int]]:
        """Numbers of the runs that are done, and of those that failed.

        A run of which less is kept than is wanted now (`is_enough` sees its number and column `kept`) is neither.
        """
        found: dict[int, tuple[str, str | None]] = {}
        for path in files(self.folder):
            table = read(path, ["run", "status", "kept"])
            kept = table["kept"].to_pylist() if "kept" in table.column_names else [None] * table.num_rows
            found.update(zip(table["run"].to_pylist(), zip(table["status"].to_pylist(), kept, strict=True), strict=True))
        done = {run for run, (status, kept) in found.items() if status == "done" and is_enough(run, kept)}
        return done, {run for run, (status, _) in found.items() if status != "done"}

    def forget_failed(self) -> None:
        """Takes recorded failures out, so that their runs are missing again."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        for path in files(self.folder):
            table = read(path)
            kept = table.filter(pc.equal(table["status"], "done"))
            if kept.num_rows < table.num_rows:
                with replacing(path) as draft:
                    pq.write_table(kept, draft, compression="zstd")

    def take_in(self, spare: Path) -> None:
        """Brings home runs that had to be written elsewhere."""
        done, failed = self.recorded()
        for commit in commits(spare):
            import pyarrow as pa
            import pyarrow.compute as pc

            tables = {name: read(p) for name in TABLES if (p := spare / name / commit.file).is_file()}
            known = pa.array([*done, *failed], pa.int64())
            new = {name: t.filter(pc.invert(pc.is_in(t["run"], known))) for name, t in tables.items()}
            if new["runs"].num_rows:
                self.commit(new)
            done, failed = self.recorded()
        shutil.rmtree(spare, ignore_errors=True)

    def commit(self, tables: dict[str, pa.Table]) -> None:
        """Writes runs that are finished. They are there when this returns, and not before `runs` is in place."""
        write_commit(self.folder, self.next, tables)
        self._held[Commit(self.next, self.next)] = tables
        self.next += 1

    def compact(self, whole: bool = False) -> None:
        """Merges small commits: those of this sweep when there are GROUP of them; all that are there when `whole`."""
        if whole:
            for group in _groups(self.folder, commits(self.folder)):
                self._merge(group)
        elif len(self._held) >= GROUP or sum(t.nbytes for tables in self._held.values() for t in tables.values()) > HELD_BYTES:
            self._merge(list(self._held))

    def rewrite(self, change: Callable[[str, pa.Table], pa.Table]) -> None:
        """All commits as one, every table changed on the way. A reader sees the old rows or the new ones."""
        known = commits(self.folder)
        if known:  # numbers from 0 on, so that a single commit too lies within the new one
            self._merge(known, Commit(0, self.next), change)
            self.next += 1

    def _merge(self, group: list[Commit], merged: Commit | None = None, change: Callable[[str, pa.Table], pa.Table] | None = None) -> None:
        """One commit in place of several that follow one another."""
        merged = merged or Commit(group[0].first, group[-1].last)
        later = self._made_again(group)
        for name in TABLES:
            parts = [_without(part, later[c]) for c in group if (part := self._part(c, name)) is not None]
            if parts:
                with replacing(self.folder / name / merged.file) as draft:
                    _concatenate(parts, draft, name, change)
                sync(self.folder / name)
        for name in reversed(TABLES):
            for commit in group:
                if commit != merged:
                    (self.folder / name / commit.file).unlink(missing_ok=True)
        for commit in group:
            self._held.pop(commit, None)

    def _made_again(self, group: list[Commit]) -> dict[Commit, set[int]]:
        """For each commit, those of its runs that are in a later commit of the group too."""
        out: dict[Commit, set[int]] = {}
        later: set[int] = set()
        for commit in reversed(group):
            part = self._part(commit, "runs")
            table = read(part, ["run"]) if isinstance(part, Path) else part
            runs = set(table["run"].to_pylist()) if table is not None else set()
            out[commit] = runs & later
            later |= runs
        return out

    def _part(self, commit: Commit, name: str) -> pa.Table | Path | None:
        """A table of a commit, from memory if it is held there."""
        if commit in self._held:
            return self._held[commit].get(name)
        path = self.folder / name / commit.file
        return path if path.is_file() else None

    def close(self) -> None:
        self._lock.release()


def _without(part: pa.Table | Path, runs: set[int]) -> pa.Table | Path:
    """A table or file without the rows of some runs."""
    if not runs:
        return part
    import pyarrow as pa
    import pyarrow.compute as pc

    table = read(part) if isinstance(part, Path) else part
    return table.filter(pc.invert(pc.is_in(table["run"], pa.array(sorted(runs), pa.int64()))))


def write_commit(folder: Path, number: int, tables: dict[str, pa.Table]) -> None:
    """The files of a commit, `runs` last; each is whole and on disk before the next is begun."""
    import pyarrow.parquet as pq

    for name in TABLES:
        if name in tables:
            (folder / name).mkdir(parents=True, exist_ok=True)
            with replacing(folder / name / Commit(number, number).file) as draft:
                rows = ROW_GROUPS.get(name)
                pq.write_table(tables[name], draft, rows, compression="zstd", use_dictionary=False, write_statistics=False)
            sync(folder / name)


def is_whole(path: Path) -> bool:
    """True when a Parquet file begins and ends as one does, its footer can be read, and its rows say whose they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        needed = ("status", "run_key") if path.parent.name == "runs" else ()
        return schema.field("run").type == pa.int64() and {*needed} <= {*schema.names}
    except (OSError, KeyError, pa.ArrowException):
        return False


def sync(folder: Path) -> None:
    """Makes renames in a folder outlast a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _groups(folder: Path, known: list[Commit]) -> Iterator[list[Commit]]:
    """Neighbors that together make a file of a good size; a file that is alone or large stays as it is."""
    group: list[Commit] = []
    size = 0
    for commit in known:
        own = max((p.stat().st_size for t in TABLES if (p := folder / t / commit.file).is_file()), default=0)
        if group and size + own > BIG_BYTES:
            if len(group) > 1:
                yield group
            group, size = [], 0
        group.append(commit)
        size += own
    if len(group) > 1:
        yield group


def _concatenate(parts: list[pa.Table | Path], target: Path, name: str, change: Callable[[str, pa.Table], pa.Table] | None = None) -> None:
    """Tables and Parquet files as one file, a bounded number of rows in memory; columns are matched by name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    change = change or (lambda _name, table: table)
    schemas = [change(name, pq.read_schema(p).empty_table()).schema if isinstance(p, Path) else change(name, p.slice(0, 0)).schema for p in parts]
    schema = pa.unify_schemas([schemas[-1], *schemas[:-1]], promote_options="permissive").with_metadata(schemas[-1].metadata)
    held: list[pa.Table] = []
    size = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:

        def write() -> None:
            writer.write_table(pa.concat_tables(held), row_group_size=ROW_GROUPS.get(name))
            held.clear()

        for part in parts:
            table = with_schema(change(name, read(part) if isinstance(part, Path) else part), schema)
            held.append(table)
            size += table.nbytes
            if size > HELD_BYTES:
                write()
                size = 0
        if held:
            write()


def with_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with the columns of a schema, in its order; those that it lacks are null."""
    import pyarrow as pa

    if table.schema.equals(schema):
        return table.replace_schema_metadata(schema.metadata)
    arrays = [table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(table.num_rows, f.type) for f in schema]
    return pa.table(arrays, schema=schema)
