"""Where deformable convolutions read."""
import numpy as np
import pytest

from refvr.explain.figures import taps
from refvr.explain.points import Point
from refvr.explain.says import LEVELS

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")


@pytest.mark.parametrize("frame", [0, 1, 2])
def test_discs_lie_where_the_convolution_reads(edvr, frame):
    """A deformable convolution of one tap after the other, on a ramp, says at which place it reads."""
    from refvr import ops

    point = Point(30, 50, "asked for")
    for level in LEVELS:
        regular, places, mask = taps._read(edvr, frame, point, level)
        path = f"frame{frame}.pcd_align.{level.path}"
        offset, weight = edvr.values[f"{path}.offset_px"], edvr.values[f"{path}.mask"]
        h, w = offset.shape[1:3]
        cell = 30 // 4 // level.unit, 50 // 4 // level.unit
        ramps = np.stack(np.meshgrid(np.arange(h), np.arange(w), indexing="ij"), -1)[None].astype(np.float32)
        far = np.pad(ramps, ((0, 0), (99, 99), (99, 99), (0, 0)), mode="reflect", reflect_type="odd")
        wide = [np.pad(x, ((0, 0), (99, 99), (99, 99), (0, 0))) for x in (offset, np.ones_like(weight))]
        for g in range(2):
            for k in range(9):
                kernel = np.zeros((3, 3, 2, 2), np.float32)
                kernel[k // 3, k % 3] = np.eye(2)
                at = slice(18 * g, 18 * g + 18), slice(9 * g, 9 * g + 9)
                read = ops.deform_conv2d(far, wide[0][..., at[0]], wide[1][..., at[1]], kernel, padding=1)
                want = level.unit * read[0, 99 + cell[0], 99 + cell[1]]
                np.testing.assert_allclose(places[g, k], want, atol=1e-3)
        assert regular[4].tolist() == [level.unit * v for v in cell]
