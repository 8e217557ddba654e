"""Which values that were not given lead to others."""
import numpy as np

from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare.alignment import align
from refvr.verify.compare.influence import follows, leads_to, without_value
from refvr.verify.compare.reference import run_places
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import listen


class Net(Module):
    """c and d are both computed from b; e is computed from c alone."""

    def __init__(self):
        self.a, self.b, self.c, self.d, self.e = (Conv2d(3, 3, 3) for _ in range(5))
        self.name_parts()

    def forward(self, x):
        b = self.b(self.a(x))
        c = self.c(b)
        return self.d(b) + self.e(c)


def test_what_is_computed_from_a_value_that_was_not_given(tmp_path):
    rng = np.random.default_rng(3)
    net = Net()
    net.load({name: rng.standard_normal(x.shape).astype(np.float32) for name, x in net.state().items()})
    given, values = Subject("edvr", net, {"x": rng.random((1, 6, 7, 3), np.float32)}), {}
    with listen(lambda named, value: values.__setitem__(named.name, np.array(value))):
        given.run()
    np.savez(tmp_path / "port.npz", **{name: values[name] for name in "acde"})
    theirs = open_arrays(tmp_path / "port.npz")
    alignment = align(run_places(given), theirs)
    assert without_value(alignment) == ["b", "output"] and leads_to(given, alignment, theirs, "c", {}) == ["b"]
    assert follows(given, alignment, theirs, ["c", "d", "e"], {}, ["b"]) == ["c", "d"]
