"""How kernels are compiled: `@kernel` is numba.njit without the interpreter lock, kept on disk between runs.

Numba's disk cache notices edits of the kernel's own file only, not of a helper in another one, and would go on
answering with old code. So the cache folder's name carries a hash of every file of refvr/ops, of the versions that
make machine code of them, and of the processor. Where it may lie:

    REFVR_CACHE, else the platform's cache folder      the first that can be written
    a private folder in the temporary folder           never one that somebody else could have filled: what lies in a
                                                       cache is executed
    nowhere                                            kernels are compiled in every run, and one line says so

No fastmath anywhere: it lets the compiler change the order of sums, and with it the bits.

The cache is made of parts of Numba that it does not promise to keep. Where a version has others, or the parts do not do
what they are taken for, kernels are compiled in every run, with one line: slower, and never another answer.
"""
from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from llvmlite import binding
from numba.core import event

from refvr.errors import InputError
from refvr.ops.core.arena import littered

if TYPE_CHECKING:
    from llvmlite import ir
    from numba.core.base import BaseContext
    from numba.core.typing.templates import Signature

FunctionCache: Any = object  # of an untested version of Numba
with suppress(ImportError):
    from numba.core import caching
    FunctionCache = getattr(caching, "FunctionCache", object)

Inline: TypeAlias = Literal["never", "always"]
Compiled = TypeVar("Compiled", bound=Callable[..., Any])
_config: Any = numba.config  # whose names are made when it is imported
_log = logging.getLogger("refvr")


def cache_root() -> Path:
    """Folder for everything refvr may lose without harm: REFVR_CACHE, else the platform's cache folder."""
    if os.environ.get("REFVR_CACHE"):
        return Path(os.environ["REFVR_CACHE"]).absolute()
    home = Path(os.path.expanduser("~"))  # stays "~" for a user without a home, which Path.home() makes an error
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "refvr" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "refvr"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "refvr"


@cache
def kernel_cache() -> Path | None:
    """Folder of the kernels of exactly these sources, versions and processor; None where nothing can be written."""
    name = f"kernels-{_digest()[:16]}"
    for root in (cache_root(), _private_temporary()):
        if root is not None and root.is_absolute() and _writable(root / name):
            return root / name
    _log.warning("refvr: cannot write to %s, so kernels are compiled in every run "
                 "(set REFVR_CACHE to a folder that can be written)", cache_root())
    return None


def _digest() -> str:
    """Of what decides the machine code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    versions = (platform.python_version(), numba.__version__, llvmlite.__version__, np.__version__)
    processor = (platform.machine(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    digest.update(repr((versions, processor, _config.CPU_NAME, _config.CPU_FEATURES)).encode())
    return digest.hexdigest()


def _writable(folder: Path) -> bool:
    """Whether a file can be made there; makes the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _private_temporary() -> Path | None:
    """A folder in the temporary folder that belongs to this user alone, if there is such a thing here."""
    if not hasattr(os, "getuid"):
        return None  # on Windows the temporary folder and the cache folder belong to the user alike
    folder = Path(tempfile.gettempdir()) / f"refvr-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if private else None


@cache
def _runtime_known() -> bool:
    """Tell the linker where Numba's runtime is, which is all that a kernel from disk needs; False: not for this Numba.

    Numba's way is to make its compiler ready first: it compiles the runtime once more (which each kernel's file holds
    already) and imports 200 modules, 42 MB and half a second for a process that compiles nothing. One that has to
    compile does so then. Untested versions go Numba's way: a name that is missing would end the process.
    """
    found = re.match(r"(\d+)\.(\d+)", numba.__version__)
    if not found or not (0, 60) <= (int(found[1]), int(found[2])) <= (0, 68):
        return False
    from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]  # compiled, without a stub

    for name, address in _nrt_python.c_helpers.items():
        binding.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
    return True


class _Cache(FunctionCache):
    """Numba's cache of one kernel, safe where processes fill it at once, and never a reason for a run to fail."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        """Raises whatever a Numba with other parts makes it raise."""
        super().__init__(function)
        file = self._cache_file
        if not Path(self.cache_path).is_relative_to(folder) or not callable(file._data_name):
            raise RuntimeError(f"it keeps kernels in {self.cache_path}")  # where edits of a helper go unnoticed
        # Numba numbers the files of a kernel's signatures by what the index holds. Two processes that compile
        # different signatures at once take the same number, and the index of one then names the code of the other.
        file._data_name = lambda number: f"{file._index_name.removesuffix('.nbi')}.{uuid4().hex}.nbc"

    def load_overload(self, sig: object, target_context: object) -> object:
        """Numba's own, without waking its compiler where that can be left asleep; a damaged file is no file."""
        try:
            if not _runtime_known():
                return super().load_overload(sig, target_context)
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
        except Exception:  # whatever bytes that are no kernel make the unpickling do
            self._lose()
            return None

    def save_overload(self, sig: object, data: object) -> None:
        """A full disk or a folder that has gone costs time in the next run, nothing now."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _log.debug("refvr: kernel not kept: %s", error)

    def _lose(self) -> None:
        """Forget what is kept, so that it is written anew."""
        try:
            self.flush()
        except Exception as error:
            _log.debug("refvr: damaged kernel not removed: %s", error)


@overload
def kernel(function: Compiled) -> Compiled: ...
@overload
def kernel(function: None = None, *, inline: Inline = "never") -> Callable[[Compiled], Compiled]: ...
def kernel(function: Callable[..., Any] | None = None, *, inline: Inline = "never") -> object:
    """Compile `function` on first call for the types it is given; later runs load it from disk (about 10 ms each)."""
    if function is None:
        return partial(kernel, inline=inline)
    if _config.DISABLE_JIT:
        return _refusing(function)
    _watch_the_compiler()
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", inline=inline)(function)
    folder, before = kernel_cache(), _config.CACHE_DIR
    if folder is None:
        return dispatcher
    _config.CACHE_DIR = str(folder)  # read while the cache is made, then put back for other packages
    try:
        dispatcher._cache = _Cache(function, folder)
    except Exception as error:
        _log.debug("refvr: no cache: %s", error)
        _say_not_kept()
    finally:
        _config.CACHE_DIR = before
    return dispatcher


class _Compiler(event.Listener):
    """Told by Numba when it compiles."""

    def on_start(self, told: event.Event) -> None:
        """Nothing yet."""

    def on_end(self, told: event.Event) -> None:
        """See ops/core/arena.py."""
        littered()


@cache
def _watch_the_compiler() -> None:
    event.register("numba:compile", _Compiler())


Codegen: TypeAlias = Callable[["BaseContext", "ir.IRBuilder", "Signature", Sequence["ir.Value"]], "ir.Value"]
Code: TypeAlias = tuple["Signature", Codegen]  # what Numba asks of an intrinsic


def intrinsic(function: Callable[..., Code]) -> Callable[..., Any]:
    """Numba's `intrinsic`, as kernels call it: without the typing context that `function` takes first."""
    from numba.extending import intrinsic as made
    return made(function)


@cache
def _say_not_kept() -> None:
    _log.warning("refvr: kernels are compiled in every run: Numba %s keeps them in another way than is known here "
                 "(install numba 0.60 to 0.68)", numba.__version__)


def _refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """In the place of a kernel that must not be compiled: it is written in parts that Python cannot run."""
    @wraps(function)
    def refuse(*args: object) -> None:
        raise InputError("NUMBA_DISABLE_JIT is set, and kernels are compiled code; expected it unset",
                         fix='unset it, or use the definitions in NumPy: with refvr.backend("plain")')
    return refuse
