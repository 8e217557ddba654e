"""DUF over a clip is its windows."""
import numpy as np
import pytest
from small_duf import clip, drawn

from refvr.errors import InputError
from refvr.pipeline.duf import upscale_duf
from refvr.pipeline.edvr import frame_indices
from refvr.pipeline.windows import reflect_whole
from refvr.plan.memory import Planned


def literal(net, frames, border):
    """One whole window after the other, cut from the clip by the words of the specification."""
    n = len(frames)
    for i in range(n):
        if border == "zero":
            around = np.concatenate([np.zeros_like(frames[:1])] * 3 + [frames] + [np.zeros_like(frames[:1])] * 3)
            window = around[i:i + 7]
        else:
            window = frames[[reflect_whole(j, n) for j in frame_indices(i, n, 7, border)]]
        yield np.clip(Planned(net)(window[None])[0], 0, 1)


@pytest.mark.parametrize("border", ["zero", "replicate", "reflection", "reflection_circle"])
@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_clip_is_its_windows(n, border):
    net, frames = drawn(border=border), clip(n)
    got = list(upscale_duf(net, iter(frames)))
    want = list(literal(net, frames, border))
    assert len(got) == n and [y.tobytes() for y in got] == [y.tobytes() for y in want]


def test_unknown_borders_are_refused():
    with pytest.raises(InputError, match="got border 'mirror', expected one of zero, replicate"):
        next(upscale_duf(drawn(), clip(2), border="mirror"))
