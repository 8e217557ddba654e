"""How kernels are compiled: `@kernel` is numba.njit without the interpreter lock, kept on disk between runs.

Numba's disk cache notices edits of the kernel's own file only, not of a helper in another one, and would go on
answering with old code. So the cache folder's name carries a hash of every file of refvr/ops.
No fastmath anywhere: it lets the compiler change the order of sums, and with it the bits.
"""
from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba


def cache_root() -> Path:
    """Folder for everything refvr may lose without harm: REFVR_CACHE, else the platform's cache folder."""
    if os.environ.get("REFVR_CACHE"):
        return Path(os.environ["REFVR_CACHE"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "refvr" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "refvr"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "refvr"


@cache
def kernel_cache() -> Path:
    """Folder of the compiled kernels of exactly these sources."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return cache_root() / f"kernels-{digest.hexdigest()[:16]}"


def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile `function` on first call for the types it is given; later runs load it from disk (about 10 ms each)."""
    if function is None:
        return lambda f: kernel(f, **options)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(kernel_cache())  # read while the decorator runs, then put back for other packages
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy", **options)(function)
    finally:
        numba.config.CACHE_DIR = before
