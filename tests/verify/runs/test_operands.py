"""From the inputs of a port to ours."""
import numpy as np
import pytest

from refvr import zoo
from refvr.errors import InputError
from refvr.verify.runs.operands import operands_of

X = np.random.default_rng(0).random((1, 3, 8, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("given", [np.moveaxis(X, -1, 2), X, X[0],
                                   np.moveaxis(X, -1, 2).reshape(1, 9, 8, 12)])
def test_windows_in_any_layout(given):
    found, numbers = operands_of(zoo.build("edvr-s-x4"), [given])
    assert np.array_equal(found["x"], X) and numbers == []


def test_levels_names_and_what_does_not_fit():
    net = zoo.build("edvr-s-x4")
    found, _ = operands_of(net, {"anything": (X * 255).astype(np.uint8)})
    assert np.allclose(found["x"], X, atol=1 / 255)
    for wrong in ([X[..., :2]], [X, X]):
        with pytest.raises(InputError):
            operands_of(net, wrong)
