"""A network of one's own: two layers, weights in a file, every value traced, gradients checked in float64."""
import numpy as np

import refvr
from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import Conv2d


class Sharpen(Module):
    """(n, h, w, 3) -> (n, h, w, 3): the picture, and what two convolutions add."""

    def __init__(self) -> None:
        self.first, self.second = Conv2d(3, 8, 3, activation="leaky_relu"), Conv2d(8, 3, 3)
        self.name_parts()                                   # names for traces

    def forward(self, x):
        """The page."""
        return ops.add(x, self.second(self.first(x)))


net = Sharpen().init(np.random.default_rng(0))
x = np.random.default_rng(1).random((1, 12, 16, 3), np.float32)
with refvr.trace() as values:
    y = net(x)
print({name: value.shape for name, value in values.items()}, net.parameter_count(), "parameters")
net.astype(np.float64)
print(f"gradients are right to {refvr.gradcheck(net, [x]):.1e}")
