"""A sweep's folder: finished runs as Parquet, safe against a kill or a power cut at any moment.

    study.toml      the study as it was given
    manifest.toml   what this is: schema, key of the study, key of the code, factors, units, versions, parameters
    runs/           one row a run
    daily/, maps/   rows by day, and control maps, when the study keeps them
    .lock           held by the sweep that writes

Runs are committed in groups, each under the next number: `daily/00000012.parquet` and `maps/...` first, `runs/...` last.
A commit counts when its file in `runs` is there; what lies in the other two without it belongs to nobody. Compaction
writes `00000001-00000256.parquet` and then removes what it stands for; a file whose numbers lie within those of another
is no longer read. One writer, held by the lock, so that no run is ever in two commits.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.identity import SCHEMA
from experiments.storage.files import known_schema, replacing
from sim.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("daily", "maps", "runs")  # in the order of a commit
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
    with contextlib.suppress(FileNotFoundError):
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
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:  # `read_table` would load a query engine first
            return file.read(columns)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException):
        raise InputError(f"{str(path)!r} is damaged; remove it, and the same sweep makes its runs again.") from None


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a sweep; None when there is none. InputError when it is broken, foreign or newer."""
    file = folder / "manifest.toml"
    if not file.is_file():
        return None
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(f"{str(folder)!r} holds a manifest.toml that cannot be read; give another --out.") from None
    if not isinstance(told.get("schema"), int) or told.get("kind") != "sweep":
        raise InputError(f"{str(folder)!r} holds something other than a sweep ({told.get('name', 'unknown')}); give another --out.")
    known_schema(repr(str(folder)), told["schema"], SCHEMA)
    return told


# Writing


class Store:
    """The folder, opened for writing by one sweep."""

    def __init__(self, folder: Path, lock: Any):
        self.folder, self._lock = folder, lock
        self._held: dict[Commit, dict[str, pa.Table]] = {}  # small commits of this sweep, to be merged without reading
        self.next = 1 + max((c.last for table in TABLES for c in commits(folder, table)), default=0)
        self.broken: list[str] = []

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

    def recorded(self) -> tuple[set[int], set[int]]:
        """Numbers of the runs that are done, and of those that failed."""
        done: set[int] = set()
        failed: set[int] = set()
        for path in files(self.folder):
            table = read(path, ["run", "status"])
            for run, status in zip(table["run"].to_pylist(), table["status"].to_pylist(), strict=True):
                (done if status == "done" else failed).add(run)
        return done, failed

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

    def take_in(self, spare: Path) -> tuple[set[int], set[int]]:
        """What is recorded, after runs that had to be written elsewhere are brought home."""
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
        return done, failed

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

    def _merge(self, group: list[Commit]) -> None:
        """One commit in place of several that follow one another."""
        merged = Commit(group[0].first, group[-1].last)
        for name in TABLES:
            parts = [part for c in group if (part := self._part(c, name)) is not None]
            if parts:
                with replacing(self.folder / name / merged.file) as draft:
                    _concatenate(parts, draft)
                sync(self.folder / name)
        for name in reversed(TABLES):
            for commit in group:
                (self.folder / name / commit.file).unlink(missing_ok=True)
        for commit in group:
            self._held.pop(commit, None)

    def _part(self, commit: Commit, name: str) -> pa.Table | Path | None:
        """A table of a commit, from memory if it is held there."""
        if commit in self._held:
            return self._held[commit].get(name)
        path = self.folder / name / commit.file
        return path if path.is_file() else None

    def close(self) -> None:
        self._lock.release()


def write_commit(folder: Path, number: int, tables: dict[str, pa.Table]) -> None:
    """The files of a commit, `runs` last; each is whole and on disk before the next is begun."""
    import pyarrow.parquet as pq

    for name in TABLES:
        if name in tables:
            (folder / name).mkdir(parents=True, exist_ok=True)
            with replacing(folder / name / Commit(number, number).file) as draft:
                pq.write_table(tables[name], draft, compression="zstd", use_dictionary=False, write_statistics=False)
            sync(folder / name)


def is_whole(path: Path) -> bool:
    """True when a Parquet file begins and ends as one does and its footer can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return False
    return True


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


def _concatenate(parts: Iterable[pa.Table | Path], target: Path) -> None:
    """Tables and Parquet files as one file, a bounded number of rows in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, held, size = None, [], 0
    try:
        for part in parts:
            table = read(part) if isinstance(part, Path) else part
            writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
            held.append(table)
            size += table.nbytes
            if size > HELD_BYTES:
                writer.write_table(pa.concat_tables(held))
                held, size = [], 0
        if held:
            writer.write_table(pa.concat_tables(held))
    finally:
        if writer:
            writer.close()
