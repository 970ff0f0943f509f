"""The files of compiled kernels, and the inner workings of numba on which they rest: another version may do it differently."""

import subprocess
import sys

import numpy as np
import pytest
from numba.core import event, types
from numba.core.caching import FunctionCache, IndexDataCacheFile

from sim import forces
from sim.columns import Kernel
from sim.kernel_cache import InnerCache, KernelCache
from sim.unit_rows import clear_row, take_row


def twice(numbers, k):
    for i in range(numbers.shape[0]):
        numbers[i] = numbers[i] * k


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    """A kernel whose files lie in a folder of their own."""
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    return Kernel(twice, _nrt=False)


NUMBERS = (types.Array(types.float64, 1, "C"), types.float64)


def test_both_forms_of_a_kernel_have_files_of_their_own(kernel, tmp_path):
    kernel(np.ones(2), 2.0)
    kernel.inner.compile(NUMBERS)
    names = sorted(p.name.split("-")[0] for p in tmp_path.rglob("*.nbc"))
    assert names == ["inner", "test_kernel_cache.twice"]
    again = Kernel(twice, _nrt=False)
    again(np.ones(2), 2.0)
    again.inner.compile(NUMBERS)
    assert sum(again._compiled.stats.cache_hits.values()) == sum(again.inner.stats.cache_hits.values()) == 1


def test_numba_still_has_what_the_cache_rests_on(kernel):
    for made, cache in ((kernel._compiled, KernelCache), (kernel.inner, InnerCache)):
        assert type(made._cache) is cache and isinstance(made._cache, FunctionCache)
        assert isinstance(made._cache._cache_file, IndexDataCacheFile)
    assert KernelCache.save_overload is not FunctionCache.save_overload


def test_code_without_an_entrance_is_smaller_and_is_entered_by_kernels_only(kernel):
    kernel(np.ones(2), 2.0)
    kernel.inner.compile(NUMBERS)
    outer, inner = kernel._compiled.overloads[NUMBERS], kernel.inner.overloads[NUMBERS]
    entrance = outer.fndesc.llvm_cpython_wrapper_name
    assert outer.library.get_pointer_to_function(entrance), "numba's option `no_cpython_wrapper` is for inner ones"
    assert not inner.library.get_pointer_to_function(inner.fndesc.llvm_cpython_wrapper_name)
    assert not outer.library.get_pointer_to_function(outer.fndesc.llvm_cfunc_wrapper_name), "nobody calls kernels from C"


def test_a_known_call_enters_machine_code_at_once(kernel, monkeypatch):
    """`entry_point` of a compiled version, which is called without numba's dispatcher."""
    numbers = np.ones(2)
    kernel(numbers, 2.0)
    monkeypatch.setattr(kernel, "_compiled", None)
    kernel(numbers, 3.0)
    assert numbers.tolist() == [6.0, 6.0]


def test_kernels_count_no_references(kernel):
    """Numba's option `_nrt`: a quarter of a step went into counting references to columns."""
    kernel(np.ones(2), 2.0)
    text = "".join(line for line in kernel._compiled.inspect_llvm(NUMBERS).splitlines() if "call" in line and "twice" in line)
    assert "NRT_incref" not in text
    counted = Kernel(twice)
    assert "nrt" not in Kernel(twice)._options and counted._options != kernel._options
    assert kernel._compiled.targetoptions["_nrt"] is False


def test_one_version_whatever_constants_are_in_the_call():
    """Numba would compile a kernel anew for every constant."""
    clear, take = clear_row.inner, take_row
    take(forces.units(3), np.zeros(2, np.int64))
    assert all(not isinstance(kind, types.Literal) for sig in clear.overloads for kind in sig)


def test_compilation_is_reported_as_events(kernel):
    """What `experiments.runs.simulation.compilation` and `sim.kernel_list` measure."""
    with event.install_recorder("numba:compile") as seen:
        kernel._compiled.compile((types.Array(types.int16, 1, "C"), types.int64))
    assert seen.buffer and seen.buffer[0][1].data["dispatcher"] is kernel._compiled


SAVE = """
import sys
from numba.core import config, types
from sim.columns import Kernel
config.CACHE_DIR = sys.argv[1]
sys.path.insert(0, sys.argv[2])
import twice
kernel = Kernel(twice.twice, _nrt=False)
kernel._compiled.compile((types.Array(getattr(types, sys.argv[3]), 1, "C"), types.float64))
"""


def test_two_processes_lose_no_entry(tmp_path):
    (tmp_path / "twice.py").write_text("def twice(numbers, k):\n    for i in range(numbers.shape[0]):\n        numbers[i] = numbers[i] * k\n")
    kinds = ("float64", "float32", "int64", "int32")
    started = [subprocess.Popen([sys.executable, "-c", SAVE, str(tmp_path / "kernels"), str(tmp_path), kind]) for kind in kinds]
    assert [process.wait(120) for process in started] == [0] * len(kinds)
    sys.path.insert(0, str(tmp_path))
    try:
        import twice
        from numba import config

        before, config.CACHE_DIR = config.CACHE_DIR, str(tmp_path / "kernels")
        made = Kernel(twice.twice, _nrt=False)._compiled
        config.CACHE_DIR = before
    finally:
        sys.path.remove(str(tmp_path))
    index = made._cache._cache_file._load_index()
    assert len(index) == len(set(index.values())) == len(kinds)
