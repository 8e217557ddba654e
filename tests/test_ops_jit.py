"""The cache of compiled kernels: what it is keyed by, where it lies, and what may go wrong around it."""
from __future__ import annotations

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

from refvr.ops import _jit

SOURCE = """
from refvr.ops._jit import kernel

@kernel
def twice(x):
    return x + x
"""

ALLOCATES = """
import numpy as np
from refvr.ops._jit import kernel

@kernel
def total(n):
    values, sum = np.empty(n), 0.0
    for k in range(n):
        values[k] = k
    for k in range(n):
        sum += values[n - 1 - k]
    return sum
"""
ROOT = Path(__file__).parents[1]


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
