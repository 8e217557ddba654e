"""Layers and the textures that are kept."""
import numpy as np
import pytest

from refvr.scene import Scene, frames, layers, render
from refvr.scene.view import Similarity, Swing

W, H = 97, 53


@pytest.mark.parametrize("seed", [0, 5])
def test_same_bytes_again_also_without_the_kept_textures(seed):
    first = render(Scene(seed), W, H, 1.37)
    layers._texture.cache_clear()
    layers._shadow.cache_clear()
    assert render(Scene(seed), W, H, 1.37).tobytes() == first.tobytes()
    *_, last = frames(Scene(seed), W, H, 10, 3, start_s=1.17)
    assert np.allclose(last, first, atol=1e-4)  # 1.17 + 2/10 is 1.37 but for the rounding of the time


def test_a_ball_is_lit_from_where_the_light_is_and_ends_at_its_outline():
    grey = ((0.5, 0.5, 0.5),) * 3
    ball = layers.Ball(0.1, Swing(0j, 0j, 1.0), grey)
    x, y, _ = layers.LIGHT
    far = 0.08 / np.hypot(x, y)
    u, v = np.float32([far * x, -far * x, 0, 0.13]), np.float32([far * y, -far * y, 0, 0])
    shown = ball.shade(v, u, Similarity(1, 0), 400.0, 0.0)
    assert shown.shape == (4, 4) and shown[3].tolist() == [1, 1, 1, 0] and not shown[:, 3].any()
    assert shown[0, 0] > shown[0, 2] > shown[0, 1] > 0
