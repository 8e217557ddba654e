"""Every value of a run by name, and which names the authors' code has for the same."""
import numpy as np

import refvr
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import list_names

net = refvr.load("edvr-s-x4")
x = np.random.default_rng(0).random((1, 3, 16, 20, 3), np.float32)          # images, frames, rows, columns, colours
with refvr.trace() as values:
    y = net(x)
alike = values["fusion.alike"]                                              # (1, 16, 20, 3): a weight a pixel and frame
print(f"{len(values)} values; the frames are weighted {alike.mean((0, 1, 2))}, the result is {y.shape}")
assert alike.shape == (1, 16, 20, 3) and ((alike > 0) & (alike < 1)).all()

for ours, theirs, shape in list_names(subject_of("edvr-s-x4", "scene:32x24", frame=1))[:5]:
    print(f"{ours:30} {theirs:30} {shape}")
