"""The cache of compiled kernels: what it is keyed by, where it lies, and what may go wrong around it."""
from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from places import ROOT

from refvr.ops.core import arena as _arena
from refvr.ops.core import jit as _jit

SOURCE = """
from refvr.ops.core.jit import kernel

@kernel
def twice(x):
    return x + x
"""

ALLOCATES = """
import numpy as np
from refvr.ops.core.jit import kernel

@kernel
def total(n):
    values, sum = np.empty(n), 0.0
    for k in range(n):
        values[k] = k
    for k in range(n):
        sum += values[n - 1 - k]
    return sum
"""


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Calls return the kernel of SOURCE as a new process would have it, with a cache in tmp_path."""
    monkeypatch.setattr(_jit, "kernel_cache", lambda: tmp_path / "cache")
    (tmp_path / "made.py").write_text(SOURCE)

    def load() -> Any:
        spec = spec_from_file_location("made", tmp_path / "made.py")
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "made", module)
        spec.loader.exec_module(module)
        return module.twice

    return load


def files(tmp_path: Path, suffix: str) -> list[Path]:
    return sorted((tmp_path / "cache").rglob(f"*{suffix}"))


def test_a_kernel_is_compiled_once(fresh: Callable[[], Any], tmp_path: Path) -> None:
    assert fresh()(3) == 6
    again = fresh()
    assert again(4) == 8
    assert sum(again.stats.cache_hits.values()) == 1 and not again.stats.cache_misses
    assert len(files(tmp_path, ".nbc")) == 1


def test_two_processes_that_start_at_once_do_not_take_each_others_code(
        fresh: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both read an empty index; each compiles its own signature and writes. What the last one left is right."""
    one, other = fresh(), fresh()
    monkeypatch.setattr(other._cache._cache_file, "_load_index", dict)  # read before the first one wrote
    assert one(3) == 6
    assert other(1.5) == 3.0
    assert len(files(tmp_path, ".nbc")) == 2
    one._cache._cache_file._save_data("twice-4.nbc", b"")  # a file that nothing names is in nobody's way
    for value in (1.25, 7, np.float32(0.5)):
        assert fresh()(value) == value + value


@pytest.mark.parametrize("suffix", [".nbc", ".nbi"])
def test_a_damaged_file_is_compiled_again_and_replaced(fresh: Callable[[], Any], tmp_path: Path, suffix: str) -> None:
    assert fresh()(3) == 6
    (path,) = files(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[:20])
    assert fresh()(3) == 6
    healed = fresh()
    assert healed(3) == 6
    assert sum(healed.stats.cache_hits.values()) == 1


def test_no_memory_is_held_by_what_the_compiler_leaves_behind(
        fresh: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tracebacks of what it tried lie in cycles, and know the stack frames of whoever called the kernel."""
    if not _arena._works:
        pytest.skip("reference counts of this interpreter say nothing")
    monkeypatch.setattr(_arena, "_arena", arena := _arena.Arena())
    (tmp_path / "made.py").write_text(SOURCE.replace("x + x", "len(str(x))"))   # several ways are tried

    def caller() -> None:
        there = _arena.empty((1 << 23,), np.uint8)
        assert fresh()(30) == 2 and there.size

    gc.collect()
    gc.disable()
    try:
        caller()
        taken = _arena.empty((1 << 23,), np.uint8)
    finally:
        gc.enable()
    assert arena.bytes() == (taken.nbytes, 0)


def test_a_cache_that_goes_away_does_not_stop_the_run(fresh: Callable[[], Any], tmp_path: Path) -> None:
    twice = fresh()
    (folder,) = (tmp_path / "cache").iterdir()
    folder.rmdir()
    folder.write_text("in the way")
    assert twice(3) == 6


@pytest.mark.parametrize("owner, name, value", [
    (numba, "__version__", "0.0"), (_jit.llvmlite, "__version__", "0.0"), (np, "__version__", "0.0"),
    (_jit.platform, "python_version", lambda: "3.0"), (_jit.platform, "machine", lambda: "z80"),
    (_jit.binding, "get_host_cpu_name", lambda: "z80"), (numba.config, "CPU_FEATURES", "-avx512f")])
def test_versions_and_processors_do_not_share_a_folder(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str,
                                                       value: Any) -> None:
    before = _jit._digest()
    assert _jit._digest() == before
    monkeypatch.setattr(owner, name, value)
    assert _jit._digest() != before


def test_edits_do_not_share_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_jit, "__file__", str(tmp_path / "_jit.py"))
    (tmp_path / "helper.py").write_text("1")
    before = _jit._digest()
    (tmp_path / "helper.py").write_text("2")
    assert _jit._digest() != before


def test_where_nothing_can_be_written_one_line_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                       caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REFVR_CACHE", str(tmp_path / "file"))  # no folder can be made in a file, even by root
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path))
    fallback = _jit.kernel_cache.__wrapped__()
    if hasattr(os, "getuid"):
        assert fallback.parent == tmp_path / f"refvr-{os.getuid()}" and not caplog.records
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path / "file"))
    assert _jit.kernel_cache.__wrapped__() is None
    assert [record.getMessage().count("REFVR_CACHE") for record in caplog.records] == [1]
    monkeypatch.setattr(_jit, "kernel_cache", lambda: None)
    assert _jit.kernel(lambda x: x + 1)(2) == 3


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has one temporary folder for each user")
def test_a_temporary_folder_that_others_could_fill_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = _jit._private_temporary()
    assert folder is not None and folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)
    assert _jit._private_temporary() is None
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    assert _jit._private_temporary() is None


def test_a_kernel_from_disk_does_not_wake_the_compiler(tmp_path: Path) -> None:
    """What it needs of Numba's runtime (it allocates) is found; the 200 modules that compile are not imported."""
    (tmp_path / "made.py").write_text(ALLOCATES)
    env = os.environ | {"REFVR_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join(map(str, (ROOT, tmp_path)))}
    command = "import sys, made; print(made.total(5), 'numba.np.arraymath' in sys.modules)"
    said = [subprocess.run([sys.executable, "-c", command], env=env, capture_output=True, text=True, check=True).stdout
            for _ in range(2)]
    assert said == ["10.0 True\n", "10.0 False\n"]


STRANGE = {
    "an unknown version": "import numba; numba.__version__ = '9.9.0'",
    "no such parts": "from numba.core import caching; caching.IndexDataCacheFile._data_name = None",
    "another folder": "from numba.core import caching\n"
                      "caching.FunctionCache.cache_path = property(lambda self: 'elsewhere')",
    "names that moved": "from numba.core import caching; del caching.Cache._load_overload",
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_numba_that_nobody_has_tried_is_slower_never_wrong(tmp_path: Path, kind: str) -> None:
    """The kernel answers; with a cache that is not what it is taken for, one line says what that costs."""
    (tmp_path / "made.py").write_text(ALLOCATES)
    env = os.environ | {"REFVR_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join(map(str, (ROOT, tmp_path)))}
    for _ in range(2 if kind == "an unknown version" else 1):
        run = subprocess.run([sys.executable, "-c", f"{STRANGE[kind]}\nimport made; print(made.total(5))"], env=env,
                             capture_output=True, text=True, check=True)
        assert run.stdout == "10.0\n"
        assert run.stderr.count("\n") == (0 if "version" in kind or "moved" in kind else 1), run.stderr


@pytest.mark.parametrize("version", ["9.9.0", "0.59.1", "0.69dev0+12.g1", "1.0", "unreleased"])
def test_versions_that_nobody_has_tried_go_numbas_way(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(numba, "__version__", version)
    assert not _jit._runtime_known.__wrapped__()


def test_without_what_is_private_kernels_are_read_all_the_same(fresh: Callable[[], Any],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    assert fresh()(3) == 6
    monkeypatch.setattr(_jit, "_runtime_known", lambda: False)
    again = fresh()
    assert again(4) == 8 and sum(again.stats.cache_hits.values()) == 1


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_in_a_kept_kernels_index_are_compiled_again(fresh: Callable[[], Any], tmp_path: Path,
                                                                  seed: int) -> None:
    assert fresh()(3) == 6
    (path,) = files(tmp_path, ".nbi")
    rng, damaged = np.random.default_rng(seed), bytearray(path.read_bytes())
    for at in rng.integers(len(damaged), size=3):
        damaged[at] ^= int(rng.integers(1, 256))
    path.write_bytes(damaged)
    assert fresh()(3) == 6


def test_without_compilation_there_is_one_line_and_the_definitions(tmp_path: Path) -> None:
    code = ("import numpy as np, refvr\n"
            "x, w = np.ones((1, 4, 4, 2), np.float32), np.ones((3, 3, 2, 2), np.float32)\n"
            "with refvr.backend('plain'): print(refvr.ops.conv2d(x, w)[0, 1, 1, 0])\n"
            "try: refvr.ops.conv2d(x, w)\n"
            "except refvr.errors.InputError as error: print(error)\n")
    run = subprocess.run([sys.executable, "-c", f"import refvr.errors\n{code}"], capture_output=True, text=True,
                         env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}, check=True)
    said = run.stdout.splitlines()
    assert said[0] == "18.0" and "NUMBA_DISABLE_JIT is set" in said[1] and len(said) == 2


def test_a_user_without_a_home_gets_no_folder_of_that_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`~` stays as it is then; kernels must not lie wherever the command was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_jit, "cache_root", lambda: Path("~/.cache/refvr"))
    monkeypatch.setattr(_jit, "_private_temporary", lambda: tmp_path / "private")
    found = _jit.kernel_cache.__wrapped__()
    assert found is not None and found.parent == tmp_path / "private" and not (tmp_path / "~").exists()
