"""The curve of a run."""
import numpy as np

from refvr.train.log import smoothed
from refvr.train.plot import draw_log, log_ticks, ticks


def test_curve(tmp_path):
    import imageio.v3 as imageio

    rows = [{"step": k + 1, "loss": 1 / (k + 1)} for k in range(50)]
    draw_log(rows, tmp_path / "loss.png", title="curve")
    plain = imageio.imread(tmp_path / "loss.png").astype(int)
    rows[20]["psnr"], rows[40]["psnr"] = 25.0, 27.0
    draw_log(rows, tmp_path / "loss.png", title="curve")
    both = imageio.imread(tmp_path / "loss.png").astype(int)
    assert plain.shape == both.shape == (480, 800, 3)
    red = (both[..., 0] > both[..., 2] + 60).sum()
    assert red > 100 and not (plain[..., 0] > plain[..., 2] + 60).any()      # the second panel has the red curve
    draw_log([*rows[:20], {**rows[20], "psnr": 25.0}], tmp_path / "loss.png", title="one measurement")
    one = imageio.imread(tmp_path / "loss.png").astype(int)[315:]   # below the label
    assert (one[..., 0] > one[..., 2] + 60).sum() > 10
    draw_log(rows[:1], tmp_path / "loss.png", title="one point")


def test_ticks_and_smoothing():
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.013, 0.047) == [0.02, 0.03, 0.04]
    np.testing.assert_allclose([10 ** v for v in log_ticks(-1, 1)], [0.1, 0.2, 0.5, 1, 2, 5])
    position, mean = smoothed([1.0, 3.0, 5.0, 7.0], points=2)
    np.testing.assert_array_equal(position, [1.5, 3.5])
    np.testing.assert_array_equal(mean, [2.0, 6.0])
