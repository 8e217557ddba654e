"""Optimiser, schedules, augmentation and orthogonalisation against the stored answers of the originals."""
import numpy as np
import pytest
from case_arrays import golden

from refvr.errors import InputError
from refvr.train.optim import Adam, Average, clip_gradients, gradient_norm
from refvr.train.schedules import cosine_epochs


@pytest.mark.parametrize("dtype, outputs", [(np.float32, "outputs"), (np.float64, "outputs64")])
def test_adam_with_the_official_cosine_follows_pytorch(dtype, outputs):
    case = golden("op_adam_cosine.h5")
    w, optimiser = case["inputs"]["w"].astype(dtype), Adam()
    want, worst = case[outputs], 0.0
    for step, g in enumerate(case["inputs"]["grads"].astype(dtype)):
        lr = cosine_epochs(step, peak=8e-4, epochs=4, steps_per_epoch=3)
        # torch computes it by recursion, an ulp an epoch
        assert lr == pytest.approx(want["lr"][step], rel=0, abs=8e-4 * 4 * 2.3e-16)
        optimiser.step({"w": w}, {"w": g}, lr)
        worst = max(worst, np.abs(w - want["params"][step]).max())
    assert worst <= 12 * 2 * np.finfo(dtype).eps * np.abs(w).max()   # two roundings at most apart in each of 12 steps


def test_adam_state_continues_the_same_bits():
    rng = np.random.default_rng(5)
    gradients = rng.standard_normal((6, 3, 7)).astype(np.float32)
    straight, stopped = np.ones((3, 7), np.float32), np.ones((3, 7), np.float32)
    one, two = Adam(1e-2, weight_decay=0.1), Adam(1e-2, weight_decay=0.1)
    for k, g in enumerate(gradients):
        one.step({"w": straight}, {"w": g})
        if k == 3:
            two = Adam(1e-2, weight_decay=0.1).load({key: value.copy() for key, value in two.state().items()})
        two.step({"w": stopped}, {"w": g})
    assert straight.tobytes() == stopped.tobytes()
    assert not np.array_equal(straight, np.ones((3, 7)))


def test_weight_decay_is_decoupled():
    """With a zero gradient AdamW only shrinks, by exactly 1 - lr * decay a step."""
    w = np.full((2, 3), 2.0)
    Adam(0.1, weight_decay=0.5).step({"w": w}, {"w": np.zeros((2, 3))})
    np.testing.assert_array_equal(w, 2.0 * (1 - 0.1 * 0.5))


def test_adam_names_a_missing_gradient():
    with pytest.raises(InputError, match="no gradient for b"):
        Adam().step({"a": np.ones(1), "b": np.ones(1)}, {"a": np.ones(1)})


def test_clipping_keeps_the_direction_and_returns_the_old_norm():
    g = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    assert clip_gradients(g, 10.0) == 5.0
    assert g["a"][0] == 3.0                                   # short enough: untouched
    assert clip_gradients(g, 1.0) == 5.0
    assert gradient_norm(g) == pytest.approx(1.0, abs=1e-6)   # the 1e-6 in the denominator
    assert g["a"][0] / g["b"][0, 0] == pytest.approx(0.75)


def test_average_approaches_a_constant():
    average = Average({"w": np.zeros(3)}, decay=0.5)
    for _ in range(20):
        average.update({"w": np.ones(3)})
    np.testing.assert_allclose(average.values["w"], 1.0, atol=0.5 ** 16)
    assert average.values["w"][0] != 1.0


def test_the_average_forgets_its_start_within_the_first_updates():
    average = Average({"w": np.zeros(1)}, decay=0.999)
    average.update({"w": np.ones(1)})
    assert average.values["w"][0] == pytest.approx(1 - 2 / 11)
    average.update({"w": np.zeros(1)})
    assert average.values["w"][0] == pytest.approx((1 - 2 / 11) * 3 / 12)
