"""A network that nobody listens to fuses layers and runs by bands: the bits must be those of the run that is traced."""
import numpy as np
import pytest
from subjects import VECTORS as SMALL

import refvr
from refvr import zoo
from refvr.pipeline.drivers import restore_frames

OPTIONS = {"fastdvdnet": {"sigma": 25.0}, "safa": {"rate": 2, "routing": "half"}}


NORMED = ("fastdvdnet", "duf-16-x2", "safa")


def small(name, dtype=np.float32):
    net = zoo.build(name, **SMALL[name]).init(np.random.default_rng(1))
    for path, array in net.state().items():
        if path.endswith("running_var"):
            array *= 0.7  # batch norms that do something
    return net.astype(dtype)


def restored(name, net):
    clip = list(np.random.default_rng(2).random((2, 45, 17, 3), np.float32))  # two bands of rows, the last one ragged
    return np.stack(list(restore_frames(clip, net, **OPTIONS.get(name, {}))))


@pytest.mark.parametrize("name", SMALL)
def test_a_silent_run_has_the_bits_of_a_traced_one(name, monkeypatch):
    """Without the folding of norms, the one rule that changes bits."""
    monkeypatch.setattr("refvr.plan.memory.folded", lambda graph, folds: graph)
    net, heard = small(name), []
    for precision in ("winograd", "direct"):
        with refvr.precision(precision):
            silent = restored(name, net)
            with refvr.trace(lambda path, value: heard.append(path)):
                traced = restored(name, net)
        assert heard and np.isfinite(silent).all() and silent.std() > 0
        assert silent.tobytes() == traced.tobytes()


@pytest.mark.parametrize("name", NORMED)
def test_folding_moves_a_silent_run_by_no_more_than_rounding(name):
    """In float64 by 1e-12 of the peak, in float32 by as much as the page itself is off its float64 run."""
    answers = {}
    for dtype in (np.float32, np.float64):
        net = small(name, dtype)
        with refvr.precision("direct"):
            answers["silent", dtype] = restored(name, net)
            with refvr.trace(lambda path, value: None):
                answers["traced", dtype] = restored(name, net)
    right = answers["traced", np.float64]
    assert 0 < np.abs(answers["silent", np.float64] - right).max() < 1e-12 * np.abs(right).max()
    off = {run: np.abs(answers[run, np.float32] - right).max() for run in ("silent", "traced")}
    assert answers["silent", np.float32].tobytes() != answers["traced", np.float32].tobytes()
    assert off["silent"] <= 4 * off["traced"], off
