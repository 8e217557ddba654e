"""Restore a clip: remonet-s on 12 noisy frames of the demo scene, from file to file."""
import numpy as np

import refvr
from refvr.degrade.noise import gaussian
from refvr.media import open_reader
from refvr.metrics import psnr
from refvr.scene import Scene, render

clean = np.stack([render(Scene(), 128, 72, k / 24) for k in range(12)])     # (t, h, w, 3) in 0 .. 1
noisy = np.clip(list(gaussian(clean, 25, seed=0)), 0, 1)
np.save("noisy.npy", noisy)

report = refvr.restore("noisy.npy", "restored.npy", model="remonet-s")      # or holiday.mp4, with its sound
with open_reader("restored.npy") as reader:
    restored = np.stack([frame.rgb for frame in reader])
print(f"{report.frames} frames in {report.seconds:.1f} s: "
      f"{psnr(noisy, clean):.2f} dB, restored {psnr(restored, clean):.2f} dB")
assert psnr(restored, clean) > psnr(noisy, clean) + 5
