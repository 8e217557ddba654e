"""Networks of a few layers with drawn weights, what they compute under which name, and arrays as a port dumps them."""
from pathlib import Path

import numpy as np

from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare.alignment import align
from refvr.verify.compare.reference import run_places
from refvr.verify.runs.arrays_in import Arrays, Entry
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import listen

C = 4


class Chain(Module):
    """last(middle(first(x))), the activation of the first two is their own."""

    def __init__(self, activation="relu"):
        self.first, self.middle = (Conv2d(C, C, 3, activation=activation) for _ in range(2))
        self.last = Conv2d(C, C, 3)
        self.name_parts()

    def forward(self, x):
        return self.last(self.middle(self.first(x)))


def drawn(net, seed=3):
    """The network with parameters of sensible size; variances and scales of norms are positive."""
    rng = np.random.default_rng(seed)
    return net.load({name: (0.5 + rng.random(x.shape) if name.endswith(("running_var", "norm.weight")) else
                            0.4 * rng.standard_normal(x.shape)).astype(x.dtype) for name, x in net.state().items()})


def subject_with(net, *, network="edvr", seed=5, shape=(1, 7, 9, C)):
    """One call of it; `network`: as which it is known."""
    return Subject(network, net, {"x": np.random.default_rng(seed).standard_normal(shape).astype(np.float32)})


def values_of(subject, dtype=np.float32):
    """Name -> value of every named value of a run, "output" last."""
    found = {}
    with listen(lambda named, value: found.__setitem__(named.name, np.array(value))):
        subject.run(dtype)
    return found


def dumped(values, path="mine.npz"):
    """The same as if another program had written them to a file."""
    return Arrays(Path(path), {name: Entry(x.shape, x.dtype.name, lambda x=x: x) for name, x in values.items()})


def paired(subject, theirs):
    """The alignment of a dump with a run of ours."""
    return align(run_places(subject), theirs)
