"""The search in a network and in single calls of it."""
import numpy as np

from refvr import zoo
from refvr.verify.diagnose.search import diagnose
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.planted import planted


def test_layers_of_a_network_and_single_calls_in_them():
    net = zoo.build("remonet-s").init(np.random.default_rng(3))
    x = np.random.default_rng(4).random((1, 8, 12, net.conv1.weight.shape[2])).astype(np.float32)
    right = net.conv1(x)
    assert diagnose(net, right, {"x": x}, part="conv1").agrees
    nchw = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    with planted(MISTAKES["conv2d.kernel_flipped"]):
        wrong = np.moveaxis(net.conv1(x), -1, 1)
    found = diagnose(net, wrong, {"anything": nchw}, part="conv1", layout="nchw")
    assert ("conv2d.kernel_flipped",) in [e.mistakes for e in found.explained]
    block = next(path for path, module in net.modules() if path.endswith("down1"))
    part = dict(net.modules())[block]
    x = np.random.default_rng(5).random((1, 8, 12, 32)).astype(np.float32)
    with planted(MISTAKES["conv2d.border_repeats_the_edge"], only=0):
        wrong = part(x)
    found = diagnose(net, wrong, {"x": x}, part=block)
    assert any("border_repeats_the_edge" in e.mistakes[0] for e in found.explained), found.closest
