"""Where compiled kernels are kept on disk: numba's cache of a function, for several processes that compile at once.

The two classes rest on numba's own `FunctionCache`, which is no public interface: `tests/sim/test_kernel_cache.py` fails when
another version of numba does it differently.
"""

from __future__ import annotations

import os
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache


class KernelCache(FunctionCache):
    """The files of one kernel; one process at a time adds to those of a folder.

    Numba reads the index of a function, adds an entry and writes it anew. Two processes that do so at once lose an entry, or
    give two signatures the same file, and the next process runs the machine code of the wrong one.
    """

    def save_overload(self, sig: Any, data: Any) -> None:
        """Adds the machine code of a signature."""
        from filelock import FileLock  # only where something is compiled

        with FileLock(os.path.join(self.cache_path, "lock")):
            super().save_overload(sig, data)


class _InnerFiles(CompileResultCacheImpl):
    """Names files by what is in them: code without an entrance for Python must never be taken for the other."""

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        return f"inner-{super().get_filename_base(fullname, abiflags)}"


class InnerCache(KernelCache):
    """The files of a kernel as other kernels call it."""

    _impl_class = _InnerFiles  # type: ignore[assignment]
