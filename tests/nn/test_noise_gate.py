"""Where there is no noise, the frame is the answer."""
import numpy as np
from noisy_clips import net

from refvr.nn.noise_gate import gate_map


def test_without_noise_the_frame_is_the_answer():
    x = np.random.default_rng(0).random((1, 5, 16, 24, 3)).astype(np.float32)
    told = np.zeros((1, 5, 16, 24, 1), np.float32)
    np.testing.assert_array_equal(net()(x, gate_map(told)), x)
    told[:, :, :, 12:] = 0.1
    y = net()(x, gate_map(told))
    np.testing.assert_array_equal(y[..., :12, :], x[..., :12, :])
    assert np.abs(y[..., 12:, :] - x[..., 12:, :]).max() > 1e-3
