"""Files of the user's that add to the model: how they are found, carried and loaded. What they may add is in `sim.plugins`.

A scenario holds the text of its plugins, so that workers, clusters and folders of results have it wherever they are. A text is
imported from a file that is named by its hash: an edited file is another module, and kernels in it are cached like ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sim.errors import InputError, did_you_mean, no_file

GROUP = "pokrovsk.plugins"  # of entry points
MOST_CHARACTERS = 1_000_000


class PluginFile(BaseModel):
    """A plugin as a scenario carries it: its name, that of the file without `.py`, and its text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z]\w*$", max_length=60)
    text: str = Field(max_length=MOST_CHARACTERS)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"PluginFile({self.name!r}, {self.digest})"


@dataclass
class Plugin:
    """A loaded plugin: what it adds, by kind of part and name."""

    name: str
    digest: str
    parts: list[Any] = field(default_factory=list)

    @property
    def names(self) -> set[tuple[str, str]]:
        """What it adds, as (what, name), its groups of parameters among them."""
        groups = {("parameters", part.group) for part in self.parts if getattr(part, "params", None) is not None}
        return groups | {(part.what, part.name) for part in self.parts}

    def of(self, kind: str) -> dict[str, Any]:
        """Its parts of one kind (rule, measure, kind, design, layer) by name, in the order of the file."""
        return {part.name: part for part in self.parts if part.what == kind}


LOADED: dict[tuple[str, str], Plugin] = {}  # by name and digest
CURRENT: dict[str, Plugin] = {}  # the version of each plugin that was loaded last: its parameters and measures are known by name
_loading: list[Plugin] = []


def find(word: str | os.PathLike, folder: Path | None = None) -> PluginFile:
    """The plugin that a word names: a Python file (relative to `folder`, else the working folder), or the name of an entry point.

    InputError when there is none, or when the file cannot be read.
    """
    text = os.fspath(word)
    path = (folder or Path()) / text
    if text.endswith(".py") or os.sep in text:
        if not os.path.isfile(path):
            raise InputError(f"plugin {text!r} {no_file(path)}.")
        return _read(path)
    names = {entry.name: entry for entry in entry_points(group=GROUP)}
    if text not in names:
        beside = f" Did you mean {text + '.py'!r}?" if os.path.isfile(f"{path}.py") else did_you_mean(text, names)
        raise InputError(f"plugin {text!r}: allowed: a file that ends in .py, or an entry point of {GROUP} ({', '.join(names) or 'none is installed'}).{beside}")
    module = names[text].module
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin or not os.path.isfile(spec.origin):
        raise InputError(f"plugin {text!r}: its entry point names module {module!r}, which has no file.")
    return _read(Path(spec.origin), text)


def found(words: Iterable[Any], folder: Path | None = None) -> list[Any]:
    """Plugins named by a word or path, each found (`find`); what is none of these stays."""
    return [find(word, folder) if isinstance(word, str | os.PathLike) else word for word in words]


def _read(path: Path, name: str | None = None) -> PluginFile:
    name = name or path.stem
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise InputError(f"plugin {str(path)!r}: allowed: a name of letters, digits and _, the first a letter.")
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"plugin {str(path)!r} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise InputError(f"plugin {str(path)!r} is not UTF-8.") from None
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"plugin {str(path)!r}: allowed: at most {MOST_CHARACTERS:,} characters.")
    return PluginFile(name=name, text=text)


def as_files(files: Iterable[PluginFile]) -> dict[str, bytes]:
    """The plugins as files of a folder of results, by relative path."""
    return {f"plugins/{file.name}.py": file.text.encode() for file in files}


def load(file: PluginFile) -> Plugin:
    """The plugin of a file, run once in a process and then known by name; InputError says in one line what is wrong with it.

    Its names take the place of those of an older version, and of another plugin that has them: what a battle has of its plugins is
    kept with them, and loading that other one again brings its names back.
    """
    plugin = LOADED.get((file.name, file.digest))
    if plugin is None:
        plugin = Plugin(file.name, file.digest)
        with _loaded_into(plugin):
            _import(file)
        if not plugin.parts:
            raise InputError(f"plugin {file.name!r} adds nothing; allowed: what is declared with rule, measure, kind, design or layer of sim.plugins.")
    if CURRENT.get(file.name) is not plugin:
        _admit(plugin)
    LOADED[file.name, file.digest] = plugin
    return plugin


def _admit(plugin: Plugin) -> None:
    """Makes the names of a plugin known; when one is refused, all is as before."""
    others = [other for other in CURRENT.values() if other.name == plugin.name or other.names & plugin.names]
    for other in others:
        _retire(other)
    CURRENT[plugin.name] = plugin
    try:
        for part in plugin.parts:
            part.admit(plugin)
    except InputError:
        _retire(plugin)
        for other in others:
            CURRENT[other.name] = other
            for part in other.parts:
                part.admit(other)
        raise


def _retire(plugin: Plugin) -> None:
    CURRENT.pop(plugin.name)
    for part in plugin.parts:
        part.retire(plugin)


def forget() -> None:
    """No plugin is known any more, as in a fresh process; what battles have of theirs stays with them."""
    for plugin in list(CURRENT.values()):
        _retire(plugin)
    LOADED.clear()


def check_together(files: Iterable[PluginFile]) -> None:
    """Loads the plugins of one battle; InputError for a name that two of them add."""
    taken: dict[tuple[str, str], str] = {}
    for plugin in loaded(files):
        for name in plugin.names:
            if name in taken:
                raise InputError(f"plugin {plugin.name!r}: {name[0]} {name[1]!r} is taken by plugin {taken[name]!r}.")
            taken[name] = plugin.name


def loaded(files: Iterable[PluginFile]) -> list[Plugin]:
    """The plugins of these files, in their order."""
    return [load(file) for file in files]


def declare(part: Any) -> None:
    """Adds a part to the plugin that is being loaded; a file that is imported otherwise, in a test of it, adds nothing."""
    if not _loading:
        return
    plugin = _loading[-1]
    if part.name in plugin.of(part.what):
        raise InputError(f"plugin {plugin.name!r}: {part.what} {part.name!r} is there twice.")
    plugin.parts.append(part)


@contextlib.contextmanager
def _loaded_into(plugin: Plugin) -> Iterator[None]:
    _loading.append(plugin)
    try:
        yield
    finally:
        _loading.pop()


def _import(file: PluginFile) -> None:
    """Runs the text as a module of a name of its own; an error in it is an InputError with its line."""
    place = _written(file)
    name = f"plugin_{file.name}_{file.digest}"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None, "it ends in .py"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, InputError):
            raise InputError(f"plugin {file.name!r}: {str(error).removeprefix(f'plugin {file.name!r}: ')}") from None
        if not isinstance(error, Exception):
            raise
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(place)]
        line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else (lines or [None])[-1]
        raise InputError(f"plugin {file.name!r}{f', line {line}' if line else ''}: {type(error).__name__}: {getattr(error, 'msg', error)}") from error


def _written(file: PluginFile) -> Path:
    """The text as a file of a temporary folder that is this user's alone."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    try:
        home = Path(tempfile.gettempdir()) / f"pokrovsk-{user}-plugins"
        home.mkdir(mode=0o700, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid != user or home.stat().st_mode & 0o022:  # what lies there is run
            home = Path(tempfile.mkdtemp(prefix="pokrovsk-"))
        folder = home / file.digest
        place = folder / f"{file.name}.py"
        if not place.is_file() or place.read_text("utf-8") != file.text:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=folder, delete=False) as draft:
                draft.write(file.text)
            os.replace(draft.name, place)
    except OSError as error:
        raise InputError(f"plugin {file.name!r} cannot be kept in a temporary folder: {error.strerror or error}.") from None
    return place


# What a battle has of them


def groups(without: Iterable[PluginFile] = ()) -> dict[str, Any]:
    """The parameter groups of the loaded plugins but those of these files: a model by prefix."""
    mine = {file.name for file in without}
    return {part.group: part.params for name, plugin in CURRENT.items() if name not in mine for part in plugin.parts if getattr(part, "params", None) is not None}


def own_values[T](values: Mapping[str, T], files: Iterable[PluginFile]) -> dict[str, T]:
    """Values by parameter key, without those of plugins that only other battles of this process have."""
    foreign = groups(without=files)
    return {key: value for key, value in values.items() if key.split(".")[0] not in foreign}


def parts_of(files: Iterable[PluginFile], kind: str) -> dict[str, Any]:
    """All parts of one kind that these files add, by name."""
    return {name: part for plugin in loaded(files) for name, part in plugin.of(kind).items()}
