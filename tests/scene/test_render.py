"""The demo scene: it repeats to the byte, scales, blurs as light does, and knows its own motion."""
import numpy as np
import pytest

from refvr.drawing.canvas import decode, encode
from refvr.errors import InputError
from refvr.scene import Scene, flow, frames, layers, render

W, H = 97, 53


def sample_at(image, y, x):
    """Bilinear samples of `image` (h, w, c) where the first pixel's centre is (0.5, 0.5)."""
    return np.moveaxis(layers.bilinear(np.moveaxis(image, 2, 0), y - 0.5, x - 0.5), 0, 2)


@pytest.mark.parametrize("width, height", [(1, 1), (1, 7), (13, 1), (37, 23), (11, 31)])
@pytest.mark.parametrize("time_s", [0.0, -3.7, 1e5])
def test_any_size_and_time(width, height, time_s):
    frame = render(Scene(), width, height, time_s)
    assert frame.shape == (height, width, 3) and frame.dtype == np.float32 and frame.flags.c_contiguous
    assert np.isfinite(frame).all() and frame.min() >= 0 and frame.max() <= 1
    flow_px, visible = flow(Scene(), width, height, time_s, time_s + 0.04)
    assert flow_px.shape == (height, width, 2) and flow_px.dtype == np.float32 and visible.shape == (height, width)
    assert np.isfinite(flow_px).all() and visible.dtype == bool
    blurred = render(Scene(), width, height, time_s, exposure_s=0.1)
    assert blurred.shape == frame.shape and np.abs(blurred - frame).mean() < 0.1


def test_time_is_continuous():
    scene = Scene()
    at = [render(scene, W, H, 2.0 + dt) for dt in (0.0, 1e-4, 1e-2)]
    near, far = (np.abs(later - at[0]).mean() for later in at[1:])
    assert 0 < near < far / 30  # a hundredth of the time gives about a hundredth of the change


def test_exposure_is_the_mean_of_instants_in_linear_light():
    scene, exposure_s, count = Scene(), 0.4, 48
    blurred = render(scene, W, H, 0.3, exposure_s=exposure_s)
    times = 0.3 + ((np.arange(count) + 0.5) / count - 0.5) * exposure_s
    mean = encode(np.mean([decode(render(scene, W, H, t)) for t in times], 0))
    gap = np.abs(blurred - mean).mean()
    sharp_gap = np.abs(render(scene, W, H, 0.3) - mean).mean()
    assert gap < 0.004  # one level of 8 bits
    assert sharp_gap > 3 * gap


@pytest.mark.parametrize("seed", [0, 2])
def test_the_flow_brings_the_second_frame_onto_the_first(seed):
    width, height, t0, t1 = 4 * W, 4 * H, 1.0, 1.4
    first, second = (render(Scene(seed), width, height, t) for t in (t0, t1))
    flow_px, visible = flow(Scene(seed), width, height, t0, t1)
    y, x = np.mgrid[:height, :width] + 0.5
    warped = sample_at(second, y + flow_px[..., 0], x + flow_px[..., 1])
    gap = np.abs(warped - first).mean(2)[visible].mean()
    still = np.abs(second - first).mean(2)[visible].mean()
    swapped = np.abs(sample_at(second, y + flow_px[..., 1], x + flow_px[..., 0]) - first).mean(2)[visible].mean()
    assert gap < 0.025  # bilinear samples half a pixel off change this picture by 0.03; shadows and highlights move
    assert still > 3 * gap and swapped > 3 * gap


@pytest.mark.parametrize("seed", [0, 3])
def test_visible_means_that_the_way_back_leads_back(seed):
    width, height, t0, t1 = 3 * W, 3 * H, 0.4, 0.9
    there, visible = flow(Scene(seed), width, height, t0, t1)
    back, _ = flow(Scene(seed), width, height, t1, t0)
    y, x = np.mgrid[:height, :width] + 0.5
    y1, x1 = y + there[..., 0], x + there[..., 1]
    inside = (y1 >= 0) & (y1 < height) & (x1 >= 0) & (x1 < width)
    assert not visible[~inside].any()
    row, col = (np.clip(p, 0, n - 1).astype(int) for p, n in ((y1, height), (x1, width)))
    miss = np.abs(there + back[row, col]).max(2)
    assert (miss[visible] < 1.5).mean() > 0.97  # the rest: the nearest pixel lies beyond an outline
    hidden = inside & ~visible
    assert hidden.sum() > 50
    assert (miss[hidden] > 1.5).mean() > 0.8


def test_no_time_no_flow():
    flow_px, visible = flow(Scene(), W, H, 2.5, 2.5)
    assert np.abs(flow_px).max() < 1e-4
    assert visible.mean() > 0.999


@pytest.mark.parametrize("bad", [
    {"width": 0}, {"height": -3}, {"time_s": np.nan}, {"exposure_s": -0.1}, {"exposure_s": np.inf}, {"samples": 0}])
def test_bad_values_are_named(bad):
    with pytest.raises(InputError):
        render(Scene(), **{"width": 5, "height": 3, "time_s": 0.0, **bad})


def test_bad_frame_rate_and_seed():
    with pytest.raises(InputError, match="seed"):
        Scene(-1)
    with pytest.raises(InputError, match="fps"):
        next(frames(Scene(), 5, 3, 0, 1))
