"""What H.264 leaves of a clip."""
import numpy as np

from refvr.degrade.codec import through_h264


def test_quality_decides():
    y, x = np.mgrid[:48, :64]
    clip = np.repeat((0.5 + 0.4 * np.sin(x / 4 + y / 7))[None, ..., None], 3, -1).repeat(3, 0).astype(np.float32)
    fine, coarse = (np.abs(through_h264(clip, crf=crf) - clip).mean() for crf in (10, 45))
    assert fine < 0.01 < coarse and through_h264(clip, crf=30).dtype == np.float32


def test_the_same_frames_come_back_in_every_run():
    """x264 reads memory that it has not written, unless it is told not to; here something else lies there each time."""
    rng, (y, x) = np.random.default_rng(1), np.mgrid[:120, :160]
    luma = [0.5 + 0.2 * np.sin((x + k) / 7 + y / 11) + 0.15 * np.sin((x * y + 40 * k) / 300) for k in range(12)]
    clip = np.stack(luma)[..., None].repeat(3, -1).astype(np.float32)
    found = set()
    for _ in range(8):
        held = [rng.integers(0, 256, int(size), dtype=np.uint8) for size in rng.integers(1_000, 900_000, 12)]
        del held
        found.add(through_h264(clip, crf=28).tobytes())
    assert len(found) == 1
