"""DUF over a clip is its windows."""
import numpy as np
import pytest
from small_duf import clip, drawn

from refvr.errors import InputError
from refvr.ops.kernels import volume
from refvr.pipeline.duf import upscale_duf
from refvr.pipeline.edvr import frame_indices
from refvr.pipeline.windows import reflect_whole
from refvr.plan.memory import Planned


@pytest.mark.parametrize("border", ["zero", "replicate", "reflection", "reflection_circle"])
@pytest.mark.parametrize("n", [1, 4, 10])
def test_a_clip_in_place_is_its_windows(border, n):
    """What a window leaves for the next one changes no bit; three blocks, so that two leave something."""
    net, frames = drawn(growth=16, blocks=3), clip(n)
    got, want = list(upscale_duf(net, frames, border=border)), list(literal(net, frames, border))
    assert [y.tobytes() for y in got] == [y.tobytes() for y in want]


def test_windows_in_place_share_the_frames_that_see_no_end(monkeypatch):
    """Of seven frames, conv1 is new for one, block 0 for three, block 1 for five, block 2 for all."""
    net, made, run_block = drawn(growth=16, blocks=3), [], volume.run_block
    monkeypatch.setattr(volume, "run_block", lambda *a, **k: made.append(list(a[9])) or run_block(*a, **k))
    list(upscale_duf(net, clip(10)))
    blocks = len(net.blocks) + 1
    assert made[4 * blocks:4 * blocks + 4] == [[0, 5, 6], [0, 1, 4, 5, 6], list(range(7)), list(range(5))]
    assert made[0] == [0, 1, 2, 3, 4, 5, 6] and made[blocks] == [0, 5, 6]  # -1 -1 -1 0 1 2 3, then -1 -1 0 1 2 3 4


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
