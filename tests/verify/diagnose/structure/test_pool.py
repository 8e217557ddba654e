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
