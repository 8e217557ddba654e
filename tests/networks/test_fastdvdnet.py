"""FastDVDnet beside its golden cases: sizes, gradients of the whole."""
import numpy as np
import pytest
from small_networks import slope_check, small_fastdvdnet

from refvr.errors import ShapeError


def test_fastdvdnet_names_wrong_sizes():
    net = small_fastdvdnet(np.float32)
    for x, noise_map in (((1, 5, 8, 6, 3), (1, 8, 6, 1)), ((1, 4, 8, 8, 3), (1, 8, 8, 1)),
                         ((1, 5, 8, 8, 3), (1, 8, 4, 1)), ((2, 5, 8, 8, 3), (1, 8, 8, 1))):
        with pytest.raises(ShapeError, match="FastDVDnet"):
            net(np.zeros(x, np.float32), np.zeros(noise_map, np.float32))


@pytest.mark.parametrize("training", [False, True])
def test_fastdvdnet_gradient(training):
    rng = np.random.default_rng(6)
    net = small_fastdvdnet().train(training)
    slope_check(net, [rng.random((2, 5, 8, 12, 3)), rng.random((2, 8, 12, 1))])
