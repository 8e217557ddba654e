"""What H.264 leaves of a clip."""
import numpy as np

from refvr.degrade.codec import through_h264


def test_quality_decides():
    y, x = np.mgrid[:48, :64]
    clip = np.repeat((0.5 + 0.4 * np.sin(x / 4 + y / 7))[None, ..., None], 3, -1).repeat(3, 0).astype(np.float32)
    fine, coarse = (np.abs(through_h264(clip, crf=crf) - clip).mean() for crf in (10, 45))
    assert fine < 0.01 < coarse and through_h264(clip, crf=30).dtype == np.float32
