"""SAFA is trained on frames at several times between two, and may pay for the scale that it chooses."""
import numpy as np
import pytest
from small_training import PLAIN

from refvr import zoo
from refvr.autodiff import Tensor, array_of, backward
from refvr.train.clips import Clip
from refvr.train.loop import Trainer
from refvr.train.objectives.safa import SAFA, effort
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Between

RNG = np.random.default_rng(0)
FIRST, SECOND, ANSWERS = RNG.random((2, 4, 4, 3)), RNG.random((2, 4, 4, 3)), RNG.random((2, 3, 4, 4, 3))
TIMES, SEEDS, STILL = np.array([[0, 0.5, 1], [0, 0.25, 1]]), np.array([5, 6]), np.zeros((2, 0))
P = np.random.default_rng(1).random((3, 4, 2, 2))           # (t, blocks, n, 2)


class Recorded:
    def __init__(self):
        self.y, self.p = Tensor(ANSWERS + 0.1 * RNG.standard_normal(ANSWERS.shape)), Tensor(P.copy())

    def __call__(self, *given, **options):
        self.given, self.options = given, options
        return self.y, self.p, None


def losses(motion=STILL, **changes):
    network = Recorded()
    [(loss, error)] = SAFA.losses([network], (FIRST, SECOND, TIMES, ANSWERS, SEEDS, motion),
                                  recipe_of("safa", changes), None)
    return network, loss, error


def test_the_loss_is_summed_over_the_times():
    """The mean distance of each of the three frames, added up; the gradient of |d| is its sign."""
    network, loss, error = losses(loss="l1")
    d = network.y.data - ANSWERS
    assert float(loss.data) == pytest.approx(sum(np.abs(d[:, k]).mean() for k in range(3)), rel=1e-12)
    assert error == pytest.approx((d ** 2).mean(), rel=1e-12)
    backward(loss)
    np.testing.assert_allclose(network.y.grad, np.sign(d) / d[:, 0].size, rtol=1e-12)
    assert [x is y for x, y in zip(network.given, (FIRST, SECOND, TIMES))] == [True] * 3


def test_a_price_adds_the_work_that_was_chosen():
    """1 for both decisions, a quarter for the half scale, a sixteenth for the quarter, by their probabilities."""
    (free, without, _), (network, loss, _) = losses(loss="l1"), losses(loss="l1", price=2.0)
    p0, p1 = P[..., 0], P[..., 1]
    work = (p1 * p0 * 1 + p1 * (1 - p0) / 4 + (1 - p1) / 16).mean()
    apart = np.abs(network.y.data - ANSWERS).mean() * 3
    assert float(loss.data) == pytest.approx(apart + 2 * work, rel=1e-12)
    backward(loss)
    np.testing.assert_allclose(network.p.grad[..., 0], 2 * p1 * 0.75 / p1.size, rtol=1e-12)
    np.testing.assert_allclose(network.p.grad[..., 1], 2 * (0.75 * p0 + 0.1875) / p1.size, rtol=1e-12)
    assert float(without.data) == pytest.approx(np.abs(free.y.data - ANSWERS).mean() * 3), "no price: nothing is added"


def test_scales_are_drawn_from_the_seeds_of_the_samples_or_chosen_by_the_threshold():
    drawn = [losses(routing="sample")[0].options["routing"].random(3) for _ in range(2)]
    np.testing.assert_array_equal(*drawn)
    np.testing.assert_array_equal(drawn[0], np.random.default_rng([5, 6]).random(3))
    assert losses(routing="threshold")[0].options["routing"] == "threshold"


def test_the_motion_goes_in_where_the_samples_have_it():
    motion = np.ones((2, 4, 4, 4))
    assert losses(motion)[0].options["motion"] is motion and losses()[0].options["motion"] is None


@pytest.mark.parametrize("model", ["safa-s", "safa-s-moved"])
def test_samples_are_of_an_interval_and_have_motion_where_the_network_begins_at_it(model):
    config, recipe = zoo.config(model), recipe_of(model, {**PLAIN, "patch": 8, "interval": 2})
    needs = SAFA.needs(config, recipe)
    assert needs == (3, 4 * (8 + 4)) and SAFA.task == "spacetime" and not SAFA.blurs
    clips = [Clip("noise", np.random.default_rng(1).integers(0, 256, (3, 60, 60, 3), np.uint8))]
    one, two = (SAFA.sampler(clips, recipe, config, seed, []).batch(0) for seed in (0, 1))
    assert one[0].shape == (2, 32, 32, 3) and one[5].size == (2 * 32 * 32 * 4 if model == "safa-s-moved" else 0)
    assert not np.array_equal(one[0], two[0])
    flat = Clip("scene", np.full((3, 60, 60, 3), 51, np.uint8))
    scenes = recipe_of(model, {**PLAIN, "patch": 8, "interval": 2, "scenes": 1.0, "pool": 1})
    np.testing.assert_allclose(SAFA.sampler(clips, scenes, config, 0, [flat]).batch(0)[3], 0.2, rtol=1e-6)


def test_a_price_makes_a_selector_choose_less():
    """The work of the three choices, and its gradient, which lowers both probabilities."""
    decided = np.array([[1, 1], [0, 1], [0, 0]], np.float64)
    assert [float(array_of(effort(p.reshape(1, 1, 1, 2)))) for p in decided] == [1, 0.25, 0.0625]
    p = Tensor(np.full((1, 2, 3, 2), 0.6))
    backward(effort(p))
    assert (p.grad > 0).all()
    changes = recipe_of("safa-s", {"price": 2.0, "batch": 2, "patch": 16})
    trainer = Trainer("safa-s", changes, seed=0)
    batch = Between([Clip("drawn", np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3), np.uint8))], changes,
                    seed=0).batch(0)
    free = Trainer("safa-s", recipe_of("safa-s", {"batch": 2, "patch": 16}), seed=0)
    (priced, [with_price]), (plain, [without]) = (each.gradients(batch) for each in (trainer, free))
    assert 0.1 < priced.loss - plain.loss <= 2
    assert any(not np.array_equal(with_price[name], without[name]) for name in with_price if "selector" in name)
