"""Frames between two frames: SAFA at three times, four times as large, and which scales it chose."""
import refvr
from refvr.ops.route import BRANCHES, taken
from refvr.pipeline.safa import enlarged, interpolate
from refvr.scene import Scene, render

first, second = (render(Scene(), 48, 32, time) for time in (0.0, 0.1))
net = refvr.load("safa-s")
frames = interpolate(net, first, second, [0.25, 0.5, 0.75])
assert [f.shape for f in frames] == [(128, 192, 3)] * 3

answer = net(enlarged(first)[None], enlarged(second)[None], [0.5])          # the network alone: decisions too
for step, decision in enumerate(answer.decisions[0]):
    print(f"step {step + 1}: {BRANCHES[taken(decision)[0]]} scale, probabilities {answer.probabilities[0][step][0]}")
