"""Gradients of a deformable convolution: exactly the formula's, in runs of images or rows, on any threads."""
import numpy as np
import pytest
from plain_samples import DEFORMED, Deformed

from refvr import ops
from refvr.ops.kernels import deform_adjoint
from refvr.ops.kernels.deform_adjoint import gradients
from refvr.ops.kernels.deform_sample import Sampling

NAMES = ("dx", "doffset", "dmask", "dweight")


def run(given):
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    return gradients(given.dy, given.x, given.offset, given.mask, given.weight, s)


@pytest.mark.parametrize("name", DEFORMED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_definition(name, dtype):
    given = Deformed(**DEFORMED[name], dtype=dtype)
    for which, got, want in zip(NAMES, run(given), given.gradients(), strict=True):
        assert got.dtype == dtype and got.shape == want.shape and np.array_equal(got, want), which


@pytest.mark.parametrize("images", [1, 2, 3, 5])
@pytest.mark.parametrize("run_bytes", [1, 3000, 9000, 1 << 24])
def test_runs_of_rows_and_of_images(images, run_bytes, monkeypatch):
    """In little memory row by row, then some rows, some images; where images are few, each in parts."""
    seen, correlate = [], deform_adjoint.correlate
    monkeypatch.setattr(deform_adjoint, "_RUN_BYTES", run_bytes)
    monkeypatch.setattr(deform_adjoint, "correlate", lambda dz, *a, **o: seen.append(dz.shape)
                        or correlate(dz, *a, **o))
    given = Deformed(size=(images, 7, 5), offset_groups=2, stride=2)
    for which, got, want in zip(NAMES, run(given), given.gradients(), strict=True):
        assert np.array_equal(got, want), which
    rows, columns = given.dy.shape[1:3]
    pixel = 4 * 9 * given.x.shape[3]                                               # bytes of col
    assert all(n * y * x * pixel <= max(run_bytes, columns * pixel) for n, y, x, _ in seen)
    assert sum(n * y for n, y, *_ in seen) == images * rows


def test_threads_do_not_change_a_bit():
    """All samples lie on few pixels of the image, so all of them meet."""
    given, found = Deformed(offset_groups=8, each=8, o=16, size=(1, 19, 31)), set()
    rng = np.random.default_rng(1)
    given.x, given.dy = (rng.standard_normal(a.shape).astype(np.float32) for a in (given.x, given.dy))
    for count in (1, 2, 3):
        with ops.threads(count):
            found.add(b"".join(a.tobytes() for a in run(given)))
    assert len(found) == 1


def test_what_lies_outside_has_no_gradient():
    given = Deformed(kernel=(1, 1), padding=0, size=(1, 3, 3), each=9)
    given.offset[0, 0] = [[np.nan, 0], [0, np.inf], [-9, 0]]
    dx, doffset, dmask, dweight = run(given)
    assert not doffset[0, 0].any() and not dmask[0, 0].any() and np.isfinite(dx).all() and np.isfinite(dweight).all()
