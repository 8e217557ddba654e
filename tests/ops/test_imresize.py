"""MATLAB's imresize."""
import numpy as np
import pytest
from cubic_lines import keys_of, line

import refvr
from refvr import ops
from refvr.ops.imresize import keys

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
rng = np.random.default_rng(5)


def mirror(k, size):
    while not 0 <= k < size:
        k = -1 - k if k < 0 else 2 * size - 1 - k
    return k


@BACKENDS
@pytest.mark.parametrize("scale, antialias", [(0.25, True), (0.3, True), (0.3, False), (2, True), (1.3, True)])
def test_imresize_is_its_formula(backend, scale, antialias):
    x, s = rng.standard_normal((2, 11, 7, 2)), min(scale, 1) if antialias else 1
    with refvr.backend(backend):
        y = ops.imresize(x, scale, antialias=antialias)
    sizes = [int(np.ceil(n * scale)) for n in x.shape[1:3]]
    want = np.moveaxis(line(np.moveaxis(x, 1, 0), scale, sizes[0], lambda t: keys_of(-0.5, s * t), mirror), 0, 1)
    want = np.moveaxis(line(np.moveaxis(want, 2, 0), scale, sizes[1], lambda t: keys_of(-0.5, s * t), mirror), 0, 2)
    assert y.shape == want.shape and np.abs(y - want).max() < 1e-13


def test_kernel():
    assert list(keys(np.array([0.0, 1.0, -1.0, 2.0, 2.5]))) == [1, 0, 0, 0, 0]
    assert keys(np.array([0.5])) == keys_of(-0.5, 0.5) == 0.5625 and keys(np.array([-1.5])) == keys_of(-0.5, 1.5)
