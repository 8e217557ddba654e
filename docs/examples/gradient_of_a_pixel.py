"""Which pixels made a pixel: a row of the Jacobian of a whole network, by the tape."""
import numpy as np

import refvr
from refvr.scene import Scene, render

net = refvr.load("duf-s-x4")
window = np.stack([render(Scene(), 32, 24, k / 24) for k in range(7)])[None]     # (1, 7, 24, 32, 3)
x = refvr.Tensor(window)
with refvr.precision("direct"):                 # Winograd's tiles leave rounding errors around the receptive field
    y = net(x)                                                                   # (1, 96, 128, 3)
    dy = np.zeros(y.shape, np.float32)
    dy[0, 48, 64] = 1                                                            # one pixel, all colours
    refvr.backward(y, dy)
share = np.abs(x.grad[0]).sum((1, 2, 3))
for k, part in enumerate(share / share.sum()):
    print(f"frame {k - 3:+d}: {100 * part:5.1f} % of the weights")
rows, columns = np.nonzero(np.abs(x.grad[0]).sum((0, 3)))
print(f"seen: rows {rows.min()} to {rows.max()}, columns {columns.min()} to {columns.max()}")
assert share.argmax() == 3 and rows.min() >= 12 - 6 and rows.max() <= 12 + 6     # the receptive field
