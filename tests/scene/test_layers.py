"""Layers and the textures that are kept."""
import numpy as np
import pytest

from refvr.scene import Scene, frames, layers, render

W, H = 97, 53


@pytest.mark.parametrize("seed", [0, 5])
def test_same_bytes_again_also_without_the_kept_textures(seed):
    first = render(Scene(seed), W, H, 1.37)
    layers._texture.cache_clear()
    layers._shadow.cache_clear()
    assert render(Scene(seed), W, H, 1.37).tobytes() == first.tobytes()
    *_, last = frames(Scene(seed), W, H, 10, 3, start_s=1.17)
    assert np.allclose(last, first, atol=1e-4)  # 1.17 + 2/10 is 1.37 but for the rounding of the time
