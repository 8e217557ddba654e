"""ReMoNet is trained on every frame of a window; two networks that learn together are to agree on likeness."""
import numpy as np
import pytest
from small_training import PLAIN

from refvr import zoo
from refvr.autodiff import Tensor, backward
from refvr.nn.noise_gate import SOFT
from refvr.train.clips import Clip
from refvr.train.objectives.remonet import REMONET
from refvr.train.recipes import recipe_of


def likeness(y):
    """How alike the frames of a clip (t, h, w, c) are: products of every two, each row of length 1."""
    flat = y.reshape(len(y), -1)
    gram = flat @ flat.T
    return gram / np.sqrt((gram ** 2).sum(1, keepdims=True))


def test_two_networks_lose_their_distances_and_what_they_disagree_on():
    """Half the squares over n for each, and the squares of Ghat - Ghat' over t^2, summed over the clips."""
    rng = np.random.default_rng(0)
    noisy, clean = rng.random((2, 2, 3, 2, 2, 3))
    first, second = (Tensor(clean + 0.1 * rng.standard_normal(clean.shape)) for _ in range(2))
    seen = []
    networks = [lambda *given: (seen.append(given), first)[1], lambda *given: (seen.append(given), second)[1]]
    recipe = recipe_of("remonet", {"loss": "sum_of_squares"})
    [(loss, error)] = REMONET.losses(networks, (noisy, clean), recipe, None)
    squares = [((y.data - clean) ** 2).sum() / (2 * 2) for y in (first, second)]
    apart = sum(((likeness(a) - likeness(b)) ** 2).sum() / 3 ** 2 for a, b in zip(first.data, second.data))
    assert apart > 1e-6 and float(loss.data) == pytest.approx(sum(squares) + apart, rel=1e-10)
    assert error == pytest.approx(((first.data - clean) ** 2).mean(), rel=1e-12), "of the network that is kept"
    assert [len(given) for given in seen] == [1, 1] and all(given[0] is noisy for given in seen)
    backward(loss)
    step = np.zeros_like(clean)
    step[1, 2, 0, 1, 2] = 1e-6

    def total(a, b):
        return sum(((y - clean) ** 2).sum() / 4 for y in (a, b)) + sum(
            ((likeness(p) - likeness(q)) ** 2).sum() / 9 for p, q in zip(a, b))

    for y, other in ((first, second.data), (second, first.data)):   # it drives both
        slope = (total(y.data + step, other) - total(y.data - step, other)) / 2e-6
        assert y.grad[1, 2, 0, 1, 2] == pytest.approx(slope, rel=1e-6)


def test_one_network_has_only_its_distance_and_is_given_the_map_where_there_is_one():
    clean, noisy, level = np.zeros((1, 3, 2, 2, 3)), np.ones((1, 3, 2, 2, 3)), np.full((1, 3, 2, 2, 2), 0.1)
    given = []
    [(loss, error)] = REMONET.losses([lambda *x: (given.extend(x), Tensor(noisy / 2))[1]], (noisy, level, clean),
                                     recipe_of("remonet-s", {"loss": "l1"}), None)
    assert given[0] is noisy and given[1] is level and len(given) == 2
    assert (float(loss.data), error) == (0.5, 0.25)


@pytest.mark.parametrize("model", ["remonet-s", "remonet-s-told"])
def test_a_batch_is_a_window_with_noise_and_the_level_where_the_network_is_told_it(model):
    config, recipe = zoo.config(model), recipe_of(model, {**PLAIN, "patch": 6, "sigma": (20, 20)})
    frames, side = REMONET.needs(config, recipe)
    assert (frames, side) == (config.frames, 6)
    clip = Clip("noise", np.random.default_rng(1).integers(0, 256, (frames, 6, 6, 3), np.uint8))   # one window
    noisy, *level, clean = REMONET.sampler([clip], recipe, config, 3, []).batch(0)
    np.testing.assert_array_equal(clean[0], clip.frames / np.float32(255))
    assert 0 < np.abs(noisy - clean).mean() < 0.2 and len(level) == config.noise_map == (model == "remonet-s-told")
    for told in level:   # a level S, and the gate S^2 / (S^2 + SOFT^2)
        assert told.shape == (2, frames, 6, 6, 2)
        np.testing.assert_allclose(told[..., 1], told[..., 0] ** 2 / (told[..., 0] ** 2 + SOFT ** 2), rtol=1e-5)
    other = REMONET.sampler([clip], recipe, config, 4, []).batch(0)
    assert not np.array_equal(other[0], noisy)
    scene = Clip("scene", np.full((frames, 6, 6, 9 if level else 3), 51, np.uint8))
    drawn = REMONET.sampler([clip], recipe_of(model, {**PLAIN, "patch": 6, "scenes": 1.0, "pool": 1}), config, 3,
                            [scene]).batch(0)
    np.testing.assert_allclose(drawn[-1], 0.2, rtol=1e-6)


def test_it_is_denoising():
    assert REMONET.task == "denoise" and not REMONET.blurs and REMONET.refuses(zoo.config("remonet-s")) == ""
