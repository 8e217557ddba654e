"""The networks beside their golden cases: sizes, errors, gradients of the whole, folding, traces, threads."""
import numpy as np
import pytest
from small_networks import REMONETS, drawn

from refvr import ops, zoo
from refvr.errors import InputError
from refvr.networks import fastdvdnet, remonet


def test_parameter_counts_of_parts():
    net = fastdvdnet.FastDVDnet()
    assert net.temp1.parameter_count() == net.temp2.parameter_count() == 1_239_548
    parts = remonet.ReMoNet()
    assert [part.parameter_count() for part in (parts.conv1, parts.unet, parts.conv_out, parts.fusion)] \
        == [7_216, 396_128, 5_945, 400_160]


@pytest.mark.parametrize("name", REMONETS)
def test_every_frame_reaches_every_output(name):
    config = REMONETS[name]
    net = drawn(remonet.ReMoNet(config))
    x = np.random.default_rng(8).random((1, config.frames, config.multiple, config.multiple, 3))
    y = net(x)
    for t in range(config.frames):
        moved = x.copy()
        moved[0, t] += 0.1
        assert (np.abs(net(moved) - y).max(axis=(0, 2, 3, 4)) > 0).all()


def test_batch_elements_are_independent():
    net, rng = drawn(remonet.ReMoNet(REMONETS["official"]), dtype=np.float32), np.random.default_rng(9)
    x = rng.random((3, 3, 8, 4, 3), np.float32)
    assert np.array_equal(net(x)[1:2], net(x[1:2]))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_a_bit(threads):
    net = drawn(remonet.ReMoNet(), dtype=np.float32)
    x = np.random.default_rng(10).random((1, 5, 36, 44, 3), np.float32)
    with ops.threads(1):
        one = net(x)
    with ops.threads(threads):
        assert net(x).tobytes() == one.tobytes()


def test_impossible_configurations_are_refused():
    with pytest.raises(InputError, match="expected at least 2"):
        remonet.Config(frames=1)
    with pytest.raises(InputError, match="remonet has no option 'width'.*widths"):
        zoo.build("remonet", width=3)
