"""Checkpoints: what is saved comes back; what must not change is named."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.train.checkpoint import Checkpoint, check_same, load, save


def test_what_is_saved_comes_back(tmp_path):
    made = Checkpoint({"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"seed": 3}, {"step": 7, "asked": {}})
    save(tmp_path / "c.h5", made)
    found = load(tmp_path / "c.h5")
    assert np.array_equal(found.state["a.weight"], made.state["a.weight"])
    assert (found.facts, found.progress) == (made.facts, made.progress)


def test_what_is_none_and_what_is_not_there(tmp_path):
    (tmp_path / "c.h5").write_bytes(b"no checkpoint")
    for name in ("c.h5", "none.h5"):
        with pytest.raises(InputError, match=name):
            load(tmp_path / name)


def test_the_fact_that_differs_is_named(tmp_path):
    check_same({"seed": 3}, {"seed": 3}, tmp_path)
    with pytest.raises(InputError, match="seed"):
        check_same({"seed": 3}, {"seed": 4}, tmp_path)
