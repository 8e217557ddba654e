"""How alike two feature maps are at every place."""
import numpy as np
import pytest

from refvr import backend, gradcheck, ops
from refvr.errors import ShapeError


@pytest.mark.parametrize("name", ["plain", "fast"])
def test_it_is_its_definition_with_its_gradient(name):
    a, b = np.random.default_rng(0).standard_normal((2, 2, 3, 5, 7))
    with backend(name):
        np.testing.assert_allclose(ops.channel_dot(a, b), (a * b).sum(-1, keepdims=True), rtol=1e-12)
        gradcheck(ops.channel_dot, [a, b])
    with pytest.raises(ShapeError):
        ops.channel_dot(a, b[..., :3])
