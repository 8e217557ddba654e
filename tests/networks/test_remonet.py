"""ReMoNet beside its golden cases: sizes, gradients of the whole."""
import numpy as np
import pytest
from small_networks import REMONETS, drawn, slope_check

from refvr.errors import ShapeError
from refvr.networks import remonet


@pytest.mark.parametrize("name", REMONETS)
def test_remonet_takes_every_size_that_it_names(name):
    config = REMONETS[name]
    net, m = drawn(remonet.ReMoNet(config), dtype=np.float32), config.multiple
    for h, w in ((m, m), (m, 3 * m), (2 * m, m)):
        x = np.random.default_rng(3).random((2, config.frames, h, w, 3), np.float32)
        y = net(x)
        assert y.shape == x.shape and y.dtype == x.dtype and np.isfinite(y).all()
    for shape, what in (((1, config.frames, m + 1, m, 3), f"multiples of {m}"),
                        ((1, config.frames + 1, m, m, 3), "expected"), ((1, config.frames, m, m, 4), "expected"),
                        ((config.frames, m, m, 3), "expected")):
        with pytest.raises(ShapeError, match=what):
            net(np.zeros(shape, np.float32))


@pytest.mark.parametrize("name", REMONETS)
def test_remonet_gradient(name):
    config = REMONETS[name]
    x = np.random.default_rng(5).random((1, config.frames, config.multiple, 2 * config.multiple, 3))
    slope_check(drawn(remonet.ReMoNet(config)), [x])
