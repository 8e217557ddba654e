"""The sides of a race."""
from importlib.util import find_spec

import numpy as np
import pytest
import subjects as subjects_of_tests

from refvr.bench import sides, subjects


@pytest.mark.skipif(not find_spec("torch") or bool(sides.why_no_peer()), reason="the peers need PyTorch")
def test_the_peer_that_keeps_features_answers_as_the_one_that_does_not(monkeypatch):
    monkeypatch.syspath_prepend(sides.TOOLS)
    import torch_peers
    from torch_peers import clips, edvr

    net = subjects.zoo.build("edvr-m-x4", **TINY_NETS["edvr-m-x4"]).init(np.random.default_rng(0))
    peer = torch_peers.ready(torch_peers.from_refvr(net), channels_last=False)
    frames = list(np.random.default_rng(1).random((4, 12, 16, 3), np.float32))
    for one, other in zip(edvr.keeping_features(peer, frames), clips.restore(peer, frames), strict=True):
        assert one.shape == (48, 64, 3) and np.abs(one - other).max() < 1e-6


TINY_NETS = {name: subjects_of_tests.TINY[name] for name in ("remonet-t3", "fastdvdnet", "stfan", "duf-16-x4",
                                                               "edvr-m-x4")}


def test_without_peers(monkeypatch, tmp_path):
    monkeypatch.setattr(sides, "TOOLS", tmp_path)
    assert "checkout" in sides.why_no_peer()
