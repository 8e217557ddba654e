"""Deformable convolution: samples times weights, exactly, in any groups and runs of pixels."""
import numpy as np
import pytest
from plain_samples import DEFORMED, Deformed

from refvr import ops
from refvr.ops.kernels.deform_forward import deform
from refvr.ops.kernels.deform_sample import Sampling


def run(given, bias=True):
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    return deform(given.x, given.offset, given.mask, given.weight, given.bias if bias else None, s)


@pytest.mark.parametrize("name", DEFORMED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_definition(name, dtype):
    given = Deformed(**DEFORMED[name], dtype=dtype)
    y = run(given)
    assert y.dtype == dtype and np.array_equal(y, given.result())
    assert np.array_equal(run(given, bias=False) + given.bias, y)


@pytest.mark.parametrize("columns", [1, 13, 14, 55, 56, 57, 120])
@pytest.mark.parametrize("o", [1, 16, 37])
def test_rows_of_any_length(columns, o):
    given = Deformed(size=(1, 2, columns), kernel=(1, 3), o=o, groups=2, padding=1)
    assert np.array_equal(run(given), given.result())


def test_views_and_no_images():
    given = Deformed(offset_groups=3)
    want = run(given)
    for name in ("x", "offset", "mask"):
        setattr(given, name, np.repeat(getattr(given, name), 2, axis=2)[:, :, ::2])
    assert np.array_equal(run(given), want)
    given.x, given.offset, given.mask = given.x[:0], given.offset[:0], given.mask[:0]
    assert run(given).shape == (0, *want.shape[1:])


def test_threads_do_not_change_a_bit():
    given, found = Deformed(offset_groups=8, each=8, o=16, size=(2, 19, 31)), set()
    given.x = np.random.default_rng(1).standard_normal(given.x.shape).astype(np.float32)
    for count in (1, 2, 3):
        with ops.threads(count):
            found.add(run(given).tobytes())
    assert len(found) == 1
