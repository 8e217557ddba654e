"""Which mistake makes these numbers: a port that reads offsets as (x, y)."""
import numpy as np

import refvr
from refvr import ops

rng = np.random.default_rng(0)
inputs = {"x": rng.random((1, 12, 14, 4), np.float32),
          "offset_px": rng.normal(0, 1, (1, 12, 14, 18)).astype(np.float32),     # 9 taps, rows before columns
          "mask": rng.random((1, 12, 14, 9), np.float32),
          "weight": rng.normal(0, 1, (3, 3, 4, 5)).astype(np.float32)}
swapped = inputs["offset_px"].reshape(1, 12, 14, 9, 2)[..., ::-1].reshape(1, 12, 14, 18)
mine = ops.deform_conv2d(**inputs | {"offset_px": np.ascontiguousarray(swapped)})

found = refvr.diagnose("deform_conv2d", mine, inputs)
print(found.explained[0].says)
assert not found.agrees and "(x, y) in place of (y, x)" in found.explained[0].says
