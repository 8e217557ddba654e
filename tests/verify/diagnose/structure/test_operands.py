"""What may be wrong with the operands of a call: what stands where then, and what is said."""
import numpy as np
import pytest

from refvr.verify.diagnose.structure.operands import changes_of
from refvr.verify.diagnose.structure.pool import Pool

rng = np.random.default_rng(0)
A, B, C = (rng.standard_normal((1, 3, 4, 2)) for _ in range(3))


@pytest.fixture
def pool():
    made = Pool()
    for name, value in (("one", A), ("two", B), ("three", C)):
        made.add(name, value)
    return made


def changes(operands, pool):
    found = {}
    for name, says, changed in changes_of(operands, pool):
        found.setdefault(name, {})[says] = changed
    return found


def test_operands_of_one_shape_are_taken_twice_and_exchanged(pool):
    found = changes({"previous": A, "state": B, "scale": 2}, pool)
    assert found["operand_twice"]["the previous frame also in place of the state carried on"] == {"state": A}
    assert found["operand_twice"]["the state carried on also in place of the previous frame"] == {"previous": B}
    assert list(found["operands_exchanged"].values()) == [{"previous": B, "state": A}]
    assert "operands_exchanged" not in changes({"previous": A, "state": B[:, :2]}, pool)


def test_another_value_of_the_shape_stands_there_the_latest_first(pool):
    found = changes({"x": A}, pool)["another_value"]
    assert [says.partition(" in place of ")[0] for says in found] == ["three", "two"]
    assert all(says.endswith("(one)") for says in found) and list(found.values())[0]["x"] is not A


@pytest.mark.parametrize("name, says, change", [
    ("nothing_carried", "zeros", lambda x: 0 * x), ("times_255", "times 255", lambda x: 255 * x),
    ("over_255", "divided by 255", lambda x: x / 255), ("relu_before", "a relu", lambda x: np.maximum(x, 0)),
    ("leaky_relu_before", "slope 0.1", lambda x: np.maximum(x, 0.1 * x)),
    ("channel_off_by_one", "one channel too late", lambda x: x[..., [1, 0]])])
def test_a_value_is_changed_as_it_says(name, says, change, pool):
    found = [changed["x"] for words, changed in changes({"x": A}, pool)[name].items() if says in words]
    assert len(found) == 1 and np.allclose(found[0], change(A), rtol=0, atol=1e-15)


def test_frames_of_a_window_are_in_reverse_or_off_by_one(pool):
    clip = rng.standard_normal((1, 4, 2, 2, 3))
    found = changes({"x": clip}, pool)
    assert np.array_equal(next(iter(found["time_reversed"].values()))["x"], clip[:, ::-1])
    late, early = found["time_off_by_one"].items()
    assert "too late" in late[0] and np.array_equal(late[1]["x"], clip[:, [0, 0, 1, 2]])
    assert "too early" in early[0] and np.array_equal(early[1]["x"], clip[:, [1, 2, 3, 3]])
    exchanged = found["frames_exchanged"]
    assert len(exchanged) == 6 and np.array_equal(exchanged["frames 0 and 2 of `x` exchanged"]["x"],
                                                  clip[:, [2, 1, 0, 3]])
    assert "time_reversed" not in changes({"x": clip[:, :1]}, pool)


def test_of_a_list_the_order_or_one_of_them_is_wrong(pool):
    found = changes({"xs": [A, B, C]}, pool)

    def orders(name):
        return [[next(k for k, known in enumerate((A, B, C)) if part is known) for part in changed["xs"]]
                for changed in found[name].values()]

    assert orders("stacked_in_reverse") == [[2, 1, 0]]
    assert sorted(orders("stacked_from_another")) == [[1, 2, 0], [2, 0, 1]]
    assert sorted(orders("two_exchanged")) == [[0, 2, 1], [1, 0, 2], [2, 1, 0]]
    assert len(orders("the_same_twice")) == 6 and [0, 0, 2] in orders("the_same_twice")
    half = found["times_a_factor"]["half of two among the stacked values"]["xs"]
    assert half[0] is A and np.array_equal(half[1], B / 2)
    zeros = found["nothing_carried"]["zeros in place of two among the stacked values"]["xs"]
    assert zeros[0] is A and not zeros[1].any() and zeros[2] is C
    assert not changes({"xs": [A]}, pool)
