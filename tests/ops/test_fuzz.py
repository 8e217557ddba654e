"""Operands that do not fit, drawn at random: errors of refvr's own, nothing read or written beside an operand."""
import numpy as np
import ops_fuzz
import pytest

from refvr import ops
from refvr.errors import ShapeError


@pytest.mark.parametrize("call", [
    lambda x: ops.slice(x, (..., 9)), lambda x: ops.slice(x, (0, 0, 0, 0)),
    lambda x: ops.concat(x, x[0]), lambda x: ops.concat(x, x[..., None], axis=1)])
def test_indices_and_axes_that_are_not_there_are_named(call):
    with pytest.raises(ShapeError):
        call(np.zeros((2, 3, 4), np.float32))


@pytest.mark.parametrize("shape", [(0, 3, 5), (2, 0, 5), (2, 3, 0)])
def test_filters_of_nothing_are_nothing(shape):
    for backend in ("plain", "fast"):
        with ops.backend(backend):
            logits = np.zeros((*shape, 100), np.float32)
            assert ops.dynamic_filters(logits, 2).shape == (*shape, 25, 4)
            n, h, w = shape
            assert ops.dynamic_upsample(np.zeros((*shape, 3), np.float32), logits, s=2).shape == (n, 2 * h, 2 * w, 3)


@pytest.mark.long
def test_operands_that_do_not_fit():
    assert list(ops_fuzz.findings(6000, 20)) == []
