"""Traces larger than memory: what is held is one layer, whatever the trace has."""
import re
import subprocess
import sys

import numpy as np
import pytest
from shuffled_ports import shuffled_port

from refvr.verify.compare.patterns import largest_by_pixel, sampled_pixels, where
from refvr.verify.compare.pieces import difference

LIMIT = 2 << 30


def test_where_says_the_same_of_large_values():
    rng = np.random.default_rng(1)
    ours = rng.standard_normal((1, 300, 200, 80))
    theirs = ours.astype(np.float32)
    theirs[:, :, :, 3:5] += 0.1
    assert any("2 of 80 channels: 3 to 4" in finding.what for finding in where(theirs, ours, 1e-4))
    assert np.allclose(largest_by_pixel(theirs, ours), 0.1, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (1, 90, 110, 4)])
def test_pixels_of_a_moved_picture_are_not_taken_from_a_copy(shape):
    x = np.random.default_rng(2).standard_normal(shape)
    for moved in ((0, 0), (0, 1), (-1, 0), (1, -2)):
        assert np.array_equal(sampled_pixels(x, moved), sampled_pixels(np.roll(x, moved, (1, 2))))
    assert np.array_equal(sampled_pixels(x), x.reshape(-1, shape[-1])[::max(1, x.size // shape[-1] // 4000)][:4000])


def watched(*words):
    """Run refvr by itself: (exit status, what it printed, the most memory that was resident, in bytes)."""
    program = ("import resource, sys; from refvr.cli.main import main; status = main(sys.argv[1:]); "
               "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10); sys.exit(status)")
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True)
    peak = re.search(r"peak (\d+)", done.stdout)
    assert peak, done.stderr[-500:]
    return done.returncode, done.stdout, int(peak[1])


SHUFFLED = "pixel_shuffle.rows_and_columns_of_the_block_exchanged"


@pytest.mark.long
def test_a_720p_trace_of_edvr_in_2_gb(tmp_path):
    """EDVR-M to 1280x720, all its widths, fewer of its equal blocks; a port that wrote its last layers, one wrong."""
    settings = {"extract_blocks": 1, "reconstruct_blocks": 1}
    given = ["edvr-m-x4", "scene:320x180", "--init", "7", *(f"--set={k}={v}" for k, v in settings.items())]
    trace, mine = str(tmp_path / "trace.h5"), str(tmp_path / "mine.h5")
    status, _, peak = watched("trace", *given, "--layout", "nchw", "-o", trace)
    assert status == 0 and peak < LIMIT < (tmp_path / "trace.h5").stat().st_size
    shuffled_port(mine, "320x180", settings, ["reconstructed", "up*", "conv_hr", "conv_last", "output"])
    status, shown, peak = watched("compare", trace, mine, "--isolate", "--diagnose", "--brief")
    assert status == 1 and "first guilty layer: up\n" in shown and f"[{SHUFFLED}]" in shown
    assert peak < LIMIT


def test_a_value_that_is_read_in_parts_is_the_value(tmp_path, monkeypatch):
    from refvr.verify.compare import lazy_arrays, pairs
    from refvr.verify.runs.arrays_in import open_arrays

    h5py = pytest.importorskip("h5py")
    value = np.random.default_rng(3).standard_normal((2, 13, 7, 5)).astype(np.float32)   # n h w c
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file["a"] = value.transpose(0, 3, 1, 2)
        file["b"] = value.transpose(3, 0, 2, 1)
    monkeypatch.setattr(lazy_arrays, "BUFFER", 4 * 7 * 5)
    monkeypatch.setattr(pairs, "LEAST", 1)
    theirs = open_arrays(tmp_path / "mine.h5")
    for name, axes in (("a", "n c h w"), ("b", "c n w h")):
        got = pairs.Pair("x", value.shape, ((name, None),), axes, "exact").parts_of(theirs)
        assert isinstance(got, lazy_arrays.LazyArray) and np.array_equal(np.asarray(got), value)
        assert np.array_equal(got[1, slice(3, 9), slice(None), slice(None)], value[1, 3:9])
        assert np.array_equal(got[(slice(None),) * 4], value)
        assert difference(got, value).max_abs == 0
    part = pairs.Pair("x", (1, 13, 7, 5), (("a", (1, 2)),), "n c h w", "exact").parts_of(theirs)
    assert np.array_equal(part, value[1:])
