"""Where small pixels lie on large ones."""
import numpy as np
from scene_clips import scene_clip

from refvr.degrade.kinds import degradation
from refvr.metrics import psnr
from refvr.pipeline.enlarge import enlarged, shifted


def test_enlarging_knows_where_small_pixels_lie():
    """With the right grid the enlarged frame lies on the clean one; with the other it is shifted by 1.5 pixels."""
    clip = scene_clip()
    inner = slice(8, -8)
    for name, centred in (("duf-x4", False), ("bicubic-x4", True)):
        small, clean = next(degradation(name).apply(clip))
        for kernel in ("bicubic", "lanczos"):
            right, wrong = (enlarged([small], 4, kernel, centred=c)[0] for c in (centred, not centred))
            assert right.shape == clean.shape and right.dtype == np.float32
            assert psnr(right[inner, inner], clean[inner, inner]) > psnr(wrong[inner, inner], clean[inner, inner]) + 1
    ramp = np.broadcast_to(np.linspace(0, 1, 16, dtype=np.float32)[:, None, None], (16, 5, 3))
    assert np.allclose(np.diff(enlarged([ramp], 4, "bicubic")[0][12:-12, 7, 1]), 1 / 60, atol=1e-6)


def test_what_is_shifted_lies_where_it_is_said():
    clip = scene_clip()
    moved = shifted([clip[0]], 2.0)[0]
    assert np.allclose(moved[:-2, :-2], clip[0][2:, 2:], atol=1e-6)
    ramp = np.broadcast_to(np.linspace(0, 1, 31, dtype=np.float32)[:, None, None], (31, 5, 3))
    assert np.allclose(shifted([ramp], -1.5)[0][6:-6], ramp[6:-6] - 1.5 / 30, atol=1e-3)
