"""DUF is trained on windows that a Gaussian blurs before every s-th pixel is taken."""
import numpy as np
import pytest
from small_training import PLAIN

from refvr import zoo
from refvr.train.clips import Clip
from refvr.train.objectives.duf import DUF
from refvr.train.recipes import recipe_of


@pytest.mark.parametrize("scale", [2, 4])
def test_small_frames_are_blurred_by_a_gaussian_of_four_tenths_of_the_scale_and_thinned_out(scale):
    """g(k) ~ exp(-k^2 / 2 d^2), d = 0.4 s, up to four deviations; a sum over both axes, written out in float64."""
    config = zoo.config(f"duf-16-x{scale}")
    recipe = recipe_of("duf", {**PLAIN, "patch": 4, "batch": 1})
    frames, side = DUF.needs(config, recipe)
    assert (frames, side) == (7, scale * 8)
    clip = np.random.default_rng(scale).integers(0, 256, (7, side, side, 3), np.uint8)   # room for one window
    small, large = DUF.sampler([Clip("noise", clip)], recipe, config, 0, []).batch(0)
    clean, d = clip / 255, 0.4 * scale
    k = np.arange(-6, 7)
    g = np.exp(-k ** 2 / (2 * d ** 2)) * (np.abs(k) <= round(4 * d))
    wide = np.pad(clean, ((0, 0), (6, 6), (6, 6), (0, 0)), mode="reflect")
    for i, j in ((0, 0), (1, 3), (3, 3)):
        at = 6 + scale * (i + 2), 6 + scale * (j + 2)                     # two small pixels of border
        patch = wide[:, at[0] - 6:at[0] + 7, at[1] - 6:at[1] + 7]
        want = np.einsum("a,b,tabc->tc", g, g, patch) / g.sum() ** 2
        np.testing.assert_allclose(small[0, :, i, j], want, atol=1e-6)
    np.testing.assert_allclose(large[0], clean[3, 2 * scale:-2 * scale, 2 * scale:-2 * scale], atol=1e-6)


def test_it_is_super_resolution_of_any_configuration_and_needs_no_pairs():
    assert DUF.task == "sr" and not DUF.blurs and DUF.refuses(zoo.config("duf-s-x4")) == ""
