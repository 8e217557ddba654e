"""What a file holds: groups of arrays, and a word on everything else."""
import numpy as np

from refvr.checkpoints.contents import Contents, LazyArray, sort_into


def lazy(*shape):
    return LazyArray(shape, "float32", lambda: np.zeros(shape, np.float32))


def test_sizes():
    assert lazy(2, 3).size == 6 and lazy(2, 3).nbytes == 24
    assert LazyArray((5,), "bfloat16", lambda: np.zeros(5)).nbytes == 10


def test_nested_containers_become_groups_and_cycles_end():
    state = {"a.weight": lazy(2), "a.bias": lazy(1)}
    tree = {"state_dict": state, "epoch": 7, "again": state}
    tree["self"] = tree
    found = sort_into(Contents("test"), tree)
    assert set(found.groups["state_dict"]) == {"a.weight", "a.bias"} and "epoch" in found.others
