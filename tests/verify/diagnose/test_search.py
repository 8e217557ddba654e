"""The search in a network and in single calls of it."""
import numpy as np

from refvr import zoo
from refvr.verify.diagnose.deadline import Deadline
from refvr.verify.diagnose.diagnose import diagnose
from refvr.verify.diagnose.search import Search
from refvr.verify.diagnose.targets import Variant
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


class Coarse:
    """A layer with an activation whose rounding, that of few digits, is a fifth of its peak."""

    name, result, limit = "layer", "image", -0.15

    def __init__(self):
        self.x = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 4))

    def run(self, *variants, dtype=np.float64):
        kinds = {v.mistake.name.partition(".")[2] for v in variants}
        slope = 1.0 if "activation_missing" in kinds else 0.1
        y = np.maximum(np.where(self.x > 0, self.x, slope * self.x), self.limit)
        return y if dtype == np.float64 else y + 0.025 * np.sign(self.x)

    def variants(self):
        for name in ("activation_missing", "kernel_flipped"):
            yield [Variant(MISTAKES[f"conv2d.{name}"])]


def test_what_was_found_guilty_is_diagnosed_although_few_digits_would_allow_it():
    target = Coarse()
    mine = target.run(Variant(MISTAKES["conv2d.activation_missing"]))
    assert Search(target, mine, 0, Deadline(5)).run().agrees
    found = Search(target, mine, 0, Deadline(5), explained=0.06).run()
    assert not found.agrees and [e.mistakes for e in found.explained] == [("conv2d.activation_missing",)]


def test_what_makes_no_difference_is_told_apart_and_no_candidate():
    """A flipped kernel changes nothing in this layer."""
    layer = Coarse()
    search = Search(layer, np.random.default_rng(1).random((1, 8, 8, 4)), 0, Deadline(5))
    assert not search.alone() and search.found_so_far().unseen == ["conv2d.kernel_flipped"]
    assert [tried.mistakes for tried in search.found if tried.mistakes[0].startswith("conv2d")] == [
        ("conv2d.activation_missing",)]
