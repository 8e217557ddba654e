"""STFAN is trained frame after frame: what one leaves to the next is a constant there."""
import numpy as np
import pytest
from small_training import PLAIN
from small_vgg import small_vgg

from refvr import zoo
from refvr.autodiff import Tensor, backward
from refvr.train.clips import Clip
from refvr.train.objectives.stfan import STFAN
from refvr.train.perceptual import percept
from refvr.train.recipes import recipe_of

BLURRED, SHARP = np.random.default_rng(0).random((2, 2, 3, 4, 4, 3))   # two clips of three frames


class Recorded:
    """A network that answers with what it is told to, and keeps what it was given."""

    def __init__(self, answers):
        self.answers, self.given, self.states = answers, [], []

    def __call__(self, *given):
        self.given.append(given)
        self.states.append(Tensor(np.full((2, 1, 1, 1), float(len(self.given)))))
        return self.answers[len(self.given) - 1], self.states[-1]


def answers():
    return [Tensor(SHARP[:, k] + 0.7 * np.random.default_rng(k).standard_normal((2, 4, 4, 3))) for k in range(3)]


def test_each_frame_sees_the_one_before_and_its_clipped_result():
    network = Recorded(answers())
    list(STFAN.losses([network], (BLURRED, SHARP), recipe_of("stfan-s"), None))
    (frame, previous, restored, state), second, third = network.given
    np.testing.assert_array_equal(frame, BLURRED[:, 0])
    assert previous is frame and restored is frame and state is None, "the first frame is its own past"
    for k, (frame, previous, restored, state) in ((1, second), (2, third)):
        np.testing.assert_array_equal(frame, BLURRED[:, k])
        np.testing.assert_array_equal(previous, BLURRED[:, k - 1])
        left = network.answers[k - 1].data
        assert left.min() < 0 and left.max() > 1
        np.testing.assert_array_equal(restored, np.minimum(np.maximum(left, 0), 1))
        np.testing.assert_array_equal(state, np.full((2, 1, 1, 1), k))
        assert not isinstance(restored, Tensor) and not isinstance(state, Tensor), "no gradient goes back in time"


def test_one_update_a_frame_by_the_mean_square():
    network = Recorded(answers())
    for k, (loss, error) in enumerate(STFAN.losses([network], (BLURRED, SHARP), recipe_of("stfan"), None)):
        assert len(network.given) == k + 1, "the next frame runs after the update of this one"
        d = network.answers[k].data - SHARP[:, k]
        assert float(loss.data) == pytest.approx((d ** 2).mean(), rel=1e-12) == error
        backward(loss)
        np.testing.assert_allclose(network.answers[k].grad, 2 * d / d.size, rtol=1e-9)
    assert k == 2


def test_the_perceptual_loss_is_added_with_its_weight_where_vgg_is_there():
    vgg, one = small_vgg(), (BLURRED[:, :1], SHARP[:, :1])
    priced, free = recipe_of("stfan", {"percept": 0.25}), recipe_of("stfan", {"percept": 0.0})
    losses = [next(STFAN.losses([Recorded(answers())], one, recipe, net)) for recipe, net in
              ((priced, vgg), (priced, None), (free, vgg))]
    more = float(percept(answers()[0].data, SHARP[:, 0], vgg)[0])
    values = [float(loss.data) for loss, _ in losses]
    assert more > 0 and values[0] == pytest.approx(values[1] + 0.25 * more, rel=1e-9) and values[1] == values[2]
    assert losses[0][1] == losses[1][1], "the error that is logged has no part in it"


def test_samples_are_cut_from_pairs_of_blurred_and_sharp_frames():
    config, recipe = zoo.config("stfan-s"), recipe_of("stfan-s", {**PLAIN, "patch": 5, "sequence": 3, "batch": 1})
    assert STFAN.needs(config, recipe) == (3 + 2, 5), "a shutter reaches one frame beyond at either end"
    assert STFAN.task == "deblur" and STFAN.blurs
    pair, scene = (Clip(name, np.random.default_rng(k).integers(0, 256, (3, 5, 5, 6), np.uint8))
                   for k, name in enumerate(("pair", "scene")))
    for clip, share in ((pair, 0.0), (scene, 1.0)):   # each has room for one window
        chosen = recipe_of("stfan-s", {**PLAIN, "patch": 5, "sequence": 3, "batch": 1, "scenes": share, "pool": 1})
        blurred, sharp = STFAN.sampler([pair], chosen, config, 0, [scene]).batch(0)
        np.testing.assert_array_equal(blurred[0], clip.frames[..., :3] / np.float32(255))
        np.testing.assert_array_equal(sharp[0], clip.frames[..., 3:] / np.float32(255))
    wide = [Clip("wide", np.random.default_rng(3).integers(0, 256, (9, 20, 20, 6), np.uint8))]
    first, second = (STFAN.sampler(wide, recipe, config, seed, []).batch(0)[0] for seed in (0, 1))
    assert not np.array_equal(first, second)
