"""What if: each mistake of an operation planted into a network, and what it does to the result."""
import numpy as np

import refvr
from refvr.metrics import psnr
from refvr.scene import Scene, render
from refvr.verify.mistakes import NotHereError, mistakes_of
from refvr.verify.runs.planted import planted

net = refvr.load("edvr-s-x4")
x = np.stack([render(Scene(), 48, 32, k / 24) for k in range(3)])[None]
right = net(x)
for mistake in mistakes_of("deform_conv2d"):
    try:
        with planted(mistake):
            wrong = net(x)
    except NotHereError:                                                    # no room for it in this network
        continue
    print(f"{psnr(wrong, right):6.1f} dB  {mistake.says}")
