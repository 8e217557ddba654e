"""Operations without a name of ours: a mistake in one is first seen in the layer after it."""
from dataclasses import replace

import numpy as np

from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare.alignment import align
from refvr.verify.compare.between import counted, operations_before
from refvr.verify.compare.compare import compare
from refvr.verify.compare.reference import run_places
from refvr.verify.compare.text import findings
from refvr.verify.mistakes import mistakes_of
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.planted import planted
from refvr.verify.runs.tracing import listen


class Net(Module):
    """The second convolution is given what is shuffled and joined, which no module does."""

    def __init__(self):
        self.first, self.second = Conv2d(3, 4, 3), Conv2d(2, 3, 3)
        self.name_parts()

    def forward(self, x):
        y = ops.pixel_shuffle(self.first(x), 2)
        return self.second(ops.concat(y, y))


def dumped(given, path):
    values = {}
    with listen(lambda named, value: values.__setitem__(named.name, np.array(value))):
        given.run()
    np.savez(path, **values)
    return path


def test_what_is_called_from_the_value_before_on(tmp_path):
    rng, net = np.random.default_rng(3), Net()
    net.load({name: rng.standard_normal(x.shape).astype(np.float32) for name, x in net.state().items()})
    given = Subject("edvr", net, {"x": rng.random((1, 6, 7, 3), np.float32)})
    theirs = open_arrays(dumped(given, tmp_path / "port.npz"))
    alignment = align(run_places(given), theirs)
    assert operations_before(given, alignment, theirs, "second", {}) == ("pixel_shuffle", "concat", "conv2d")
    assert operations_before(given, alignment, theirs, "first", {}) == ("conv2d",)
    assert operations_before(given, alignment, theirs, "output", {}) == ()


def test_the_verdict_names_them_where_the_layer_itself_may_be_right(tmp_path):
    """EDVR shuffles pixels before `upconv2`, whose value is the first that shows another order of them."""
    given = subject_of("edvr-m-x4", "scene:12x8", init=3, settings={
        "features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1})
    order = next(m for m in mistakes_of("pixel_shuffle") if m.name.endswith("order_of_the_other_framework"))
    with planted(order, only=0):
        path = dumped(given, tmp_path / "mine.npz")
    report = compare(given, path, with_isolation=True)
    assert report.guilty.name == "upconv2" and report.guilty.calls == ("pixel_shuffle", "conv2d")
    line = ("  span         your values are right up to upconv1; from there to upconv2 lie pixel_shuffle, conv2d, so "
            "the mistake may be in any of them")
    assert line in findings(report)
    report.guilty = replace(report.guilty, calls=("conv2d",))   # the layer follows its input at once
    assert line[:15] not in [said[:15] for said in findings(report)]


def test_operations_are_counted():
    assert counted(["concat", "conv2d", "conv2d"]) == "concat, conv2d (2 times)" and counted([]) == ""
