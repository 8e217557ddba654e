"""Mistakes in convolutions over frames, each as a sum of convolutions of single frames."""
import numpy as np
from plain_convolution import convolved, framed
from wrong_calls import drawn, made_in, possible, shows

from refvr.verify.mistakes import convolution_time

CLIP, W = drawn(1, 4, 5, 6, 2, seed=1), drawn(3, 3, 3, 2, 2, seed=2)
ALL = {"padding": (1, 1, 1)}


def over_frames(frame_of, taps=(0, 1, 2), border="constant", frames=4):
    """Frame t of the result: the sum over k of frame_of(t + k - 1), if any, by frame taps[k] of the kernel."""
    result = []
    for t in range(frames):
        chosen = [(frame_of(t + k - 1), W[tap]) for k, tap in enumerate(taps)]
        result.append(sum(convolved(framed(CLIP[:, f], border), weight) for f, weight in chosen if f is not None))
    return np.stack(result, axis=1)


def inside(t):
    return t if 0 <= t < 4 else None


def at_the_ends(t):
    return min(max(t, 0), 3)


def test_the_kernel_reversed():
    shows("conv3d.kernel_reversed_in_time", over_frames(inside, (2, 1, 0)), CLIP, W, **ALL)
    assert not possible("conv3d.kernel_reversed_in_time", CLIP, W[:1], **ALL)


def test_ends_repeated():
    shows("conv3d.time_padded_by_its_ends", over_frames(at_the_ends), CLIP, W, **ALL)
    shows("conv3d.time_padded_by_its_ends", over_frames(at_the_ends), CLIP, W, padding=1)
    assert not possible("conv3d.time_padded_by_its_ends", CLIP, W, padding=(0, 1, 1))
    assert possible("conv3d.time_padded_by_its_ends", CLIP, W, padding=(1, 0, 0))


def test_sides_repeated():
    shows("conv3d.sides_padded_by_the_edge", over_frames(inside, border="edge"), CLIP, W, **ALL)
    shows("conv3d.sides_padded_by_the_edge", over_frames(inside, border="edge"), CLIP, W, padding=1)
    inner = over_frames(lambda t: t + 1, border="edge", frames=2)
    shows("conv3d.sides_padded_by_the_edge", inner, CLIP, W, padding=(0, 1, 1))
    assert not possible("conv3d.sides_padded_by_the_edge", CLIP, W, padding=(1, 0, 0))
    for padding in ((1, 1, 0), (1, 0, 1)):
        assert possible("conv3d.sides_padded_by_the_edge", CLIP, W, padding=padding)


def test_every_mistake_of_the_file_is_here():
    names = ("kernel_reversed_in_time", "time_padded_by_its_ends", "sides_padded_by_the_edge")
    assert made_in(convolution_time) == {f"conv3d.{name}" for name in names}
