"""Values that may have been taken for one another."""
import numpy as np

from refvr.verify.diagnose.structure.pool import Pool


def test_values_of_a_shape_the_latest_first_and_each_once():
    pool, a, b, c = Pool(), np.zeros((2, 3)), np.ones((2, 3)), np.zeros(4)
    for name, value in (("a", a), ("b", b), ("again", a), ("c", c)):
        pool.add(name, value)
    d = np.full((2, 3), 7.0)
    pool.add("d", d)
    assert [name for name, _ in pool.others(a)] == ["d", "b"] and np.array_equal(pool.others(a)[0][1], d)
    assert pool.name_of(a) == "a" and pool.name_of(np.full((2, 3), 5.0)) == ""


def test_frames_that_are_equal_have_one_name_with_all_their_numbers():
    pool, clip = Pool(), np.zeros((1, 5, 2, 2, 3))
    clip[:, 3] = 1
    pool.add("the input x", clip)
    assert pool.name_of(clip[:, 1]) == "frame 0, 1, 2 or 4 of the input x"
    assert pool.name_of(clip[:, 3]) == "frame 3 of the input x"
    pool.add("conv1", np.concatenate([clip[:, 0], clip[:, 0] + 5]))
    assert pool.name_of(clip[:, 0] + 5) == "conv1 of frame 1"
