"""What a vector answers: the right result, its tolerance, gradients, and the effect of every mistake; by formulas."""
import numpy as np
import pytest

from refvr import ops
from refvr.errors import MissingGradientError
from refvr.verify.mistakes import MISTAKES, SUBJECTS, Mistake, Subject
from refvr.verify.vectors.answers import EPS32, SEEN, answers, dy_recipe
from refvr.verify.vectors.networks import network_vectors
from refvr.verify.vectors.operations import Vector
from refvr.verify.vectors.recipe import Recipe, draw

LEAKY = Vector("test", "leaky_relu", {"x": Recipe((5, 7, 3))}, {"slope": 0.125})


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def two_digits(x):
    return float(f"{x:.1e}")


def effects(found):
    return {flag.mistake.name.partition(".")[2]: flag.effect for flag in found.flags}


def test_result_gradient_and_tolerance_of_an_activation_by_hand():
    x = draw("test/x", Recipe((5, 7, 3))).astype(np.float64)
    dy = draw("test/dy", dy_recipe((5, 7, 3)))
    found = answers(LEAKY)
    assert found.y.dtype == np.float64 and np.array_equal(found.y, np.where(x > 0, x, x / 8))
    assert found.gradients.keys() == {"x"} and np.array_equal(found.gradients["x"], dy * np.where(x > 0, 1, 0.125))
    # nothing is rounded here: 8 times the last place of the peak
    assert found.tolerance == {"y": two_digits(8 * EPS32 * found.y.max()),
                               "grad_x": two_digits(8 * EPS32 * np.abs(found.gradients["x"]).max())}


def test_the_effect_of_each_mistake_is_over_the_peak_to_two_digits():
    x = draw("test/x", Recipe((5, 7, 3))).astype(np.float64)
    found = effects(answers(LEAKY))
    for name, wrong in {"missing": x, "relu_in_its_place": np.maximum(x, 0), "slope_of_a_tenth":
                        np.where(x > 0, x, 0.1 * x), "slope_of_a_fifth": np.where(x > 0, x, 0.2 * x)}.items():
        right = np.where(x > 0, x, x / 8)
        assert found[name] == pytest.approx(np.abs(wrong - right).max() / right.max(), rel=0.06)
        assert found[name] == two_digits(found[name])


def test_a_mistake_that_a_vector_does_not_show_is_no_flag_of_it():
    above = Vector("above", "leaky_relu", {"x": Recipe((9,), 0.25, 0.5)}, {"slope": 0.1})
    assert above.inputs()["x"].min() > 0 and not set(effects(answers(above))) & {"missing", "relu_in_its_place"}
    assert answers(LEAKY, flags=False).flags == []
    assert answers(LEAKY, flags=False).tolerance == answers(LEAKY).tolerance


def test_a_mistake_within_four_tolerances_is_none():
    """A floor that makes the tolerance of a port 8 times as large as that of the peak."""
    effect = effects(answers(LEAKY))["slope_of_a_tenth"]
    peak = answers(LEAKY).y.max()
    for share, seen in ((0.9, True), (1.1, False)):
        floor = share * effect / SEEN / 8
        coarse = answers(Vector(LEAKY.name, LEAKY.operation, LEAKY.arrays, LEAKY.options, floor=floor))
        assert coarse.tolerance["y"] == two_digits(8 * floor * peak)
        assert ("slope_of_a_tenth" in effects(coarse)) == seen and "missing" in effects(coarse)


def test_noise_that_is_more_than_the_last_place_makes_the_tolerance():
    """A sum of 100 numbers: float32 is off by more than one rounding of the peak, in direct sums whatever is in use."""
    vector = Vector("sums", "conv2d", {"x": Recipe((1, 9, 9, 64)), "weight": Recipe((3, 3, 64, 64))}, gradients=False)
    found = answers(vector, flags=False)
    x, weight = vector.inputs().values()
    with ops.precision("direct"):
        noise = np.abs(ops.conv2d(x, weight) - found.y).max()
    assert noise > EPS32 * np.abs(found.y).max() and found.tolerance == {"y": two_digits(8 * noise)}
    with ops.precision("winograd"):
        assert answers(vector, flags=False).tolerance == found.tolerance


def test_a_mistake_that_makes_another_shape_has_an_effect_without_a_number(monkeypatch):
    vector = Vector("turned", "relu", {"x": Recipe((2, 3))}, gradients=False)
    for wrong, effect in ((lambda op, a: a.x.T, None), (lambda op, a: op(a) / 0.0, np.inf)):
        monkeypatch.setitem(MISTAKES, "relu.turned", Mistake("relu.turned", "relu", "turned", "order", wrong))
        found = effects(answers(vector))["turned"]
        assert found is effect or not np.isfinite(found)
    monkeypatch.setitem(MISTAKES, "relu.turned", Mistake("relu.turned", "relu", "", "order", wrong, flagged=False))
    assert "turned" not in effects(answers(vector))   # those that were known when vectors were published alone


def test_statistics_of_a_norm_are_constants_and_lists_have_a_gradient_each():
    c = Recipe((3,), 0.25, 0.5)
    norm = Vector("n", "batch_norm", {"x": Recipe((2, 3)), "gamma": c, "beta": c, "mean": c, "var": c})
    assert answers(norm, flags=False).gradients.keys() == {"x", "gamma", "beta"}
    parts = Vector("c", "concat", {f"xs{k}": Recipe((1, 2, 2, k + 1)) for k in range(3)})
    found = answers(parts, flags=False)
    dy = draw("c/dy", dy_recipe((1, 2, 2, 6)))
    for k, part in enumerate(np.split(dy, [1, 3], -1)):
        assert np.array_equal(found.gradients[f"xs{k}"], part)
    assert np.array_equal(found.y, np.concatenate(list(parts.inputs().values()), -1))


def test_a_gradient_that_does_not_come_back_is_said(monkeypatch):
    def one_of_two(a, b):
        return ops.relu(a)

    monkeypatch.setitem(SUBJECTS, "one_of_two", Subject("one_of_two", one_of_two, {"a": "any", "b": "any"}))
    with pytest.raises(MissingGradientError, match="v: no gradient came back for b"):
        answers(Vector("v", "one_of_two", {"a": Recipe((3,)), "b": Recipe((3,))}))


def test_a_network_answers_by_its_own_call_and_its_operations_are_those_that_go_wrong():
    vector = next(vector for vector in network_vectors() if vector.network == "fastdvdnet")
    found = answers(vector)
    right = vector.run(vector.build().astype(np.float64), {k: x.astype(np.float64) for k, x in vector.inputs().items()})
    assert np.array_equal(found.y, right) and found.gradients == {} and found.tolerance.keys() == {"y"}
    flags = {flag.mistake.name: flag for flag in found.flags}
    assert {"conv2d.kernel_flipped", "pixel_shuffle.order_of_the_other_framework"} <= flags.keys()
    assert {flag.mistake.operation for flag in found.flags} <= {"conv2d", "batch_norm", "relu", "pixel_shuffle",
                                                                "concat"}
    assert all(flag.mistake.kind != "precision" and flag.mistake.flagged for flag in found.flags)
    assert flags["conv2d.kernel_flipped"].effect > 0.01
