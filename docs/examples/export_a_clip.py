"""A clip through an exported recurrent network in ONNX Runtime, as `restore` drives ours. Needs the extra `peers`."""
import numpy as np
import onnxruntime

from refvr import load
from refvr.pipeline.drivers import restore_frames
from refvr.scene import Scene, frames
from refvr.verify.runs.exported import export
from refvr.verify.runs.inputs import subject_of

for name, k in (("first", 0), ("later", 1)):   # the first call of a clip has no state
    export(subject_of("stfan-s", "black:48x32", frame=k), f"{name}.onnx")
first, later = (onnxruntime.InferenceSession(f"{name}.onnx") for name in ("first", "later"))

clip = [frame.astype(np.float32) for frame in frames(Scene(), 48, 32, fps=24, count=4)]
previous = restored = state = None
theirs = []
for frame in clip:
    x = frame[None]                                                         # (1, h, w, 3), sides multiples of 4
    given = {"frame": x, "previous": previous if theirs else x, "restored": restored if theirs else x}
    y, state = first.run(None, given) if state is None else later.run(None, {**given, "state": state})
    previous, restored = x, np.clip(y, 0, 1)                                # clamped before it goes in again
    theirs.append(restored[0])

ours = list(restore_frames(clip, load("stfan-s")))
worst = max(np.abs(a - b).max() for a, b in zip(theirs, ours, strict=True))
print(f"{len(clip)} frames, largest difference {worst:.1e}")
assert worst < 1e-5
