"""What is timed."""
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import subjects as subjects_of_tests

from refvr import records, zoo
from refvr.bench import sides, subjects
from refvr.plan.cost import COUNTS
from refvr.records import REMONET

TINY = subjects_of_tests.TINY["remonet-t3"]
SPEC = {"job": "clip", "model": "remonet-t3", "options": TINY, "size": [24, 16], "threads": 1, "precision": "winograd"}
TINY_NETS = {name: subjects_of_tests.TINY[name] for name in ("remonet-t3", "fastdvdnet", "stfan", "duf-16-x4",
                                                               "edvr-m-x4")}


@pytest.mark.skipif(not find_spec("torch") or bool(sides.why_no_peer()), reason="the peers need PyTorch")
@pytest.mark.parametrize("model", TINY_NETS)
def test_operations_are_those_that_the_peer_does(monkeypatch, model):
    """PyTorch counts its own convolutions and products; of what it does not know, only filters per pixel remain."""
    monkeypatch.syspath_prepend(sides.TOOLS)
    import torch_peers
    from torch.utils.flop_counter import FlopCounterMode
    from torch_peers import clips

    spec = SPEC | {"model": model, "options": TINY_NETS[model], "size": [16, 24]}
    net = subjects.zoo.build(model, **TINY_NETS[model]).init(np.random.default_rng(0))
    stream = clips.restore(torch_peers.from_refvr(net), subjects.frames_of(spec), **subjects.options_of(net))
    count = subjects.round_of(net)
    monkeypatch.delitem(COUNTS, "fac")
    monkeypatch.delitem(COUNTS, "dynamic_upsample")
    with FlopCounterMode(display=False) as counted:
        for _ in range(count):
            next(stream)
    assert subjects.flop(spec) * count == pytest.approx(counted.get_total_flops(), rel=1e-6)


def test_a_training_step(monkeypatch):
    monkeypatch.setitem(records.NETWORKS, "remonet", replace(REMONET, race=replace(REMONET.race, patch=(1, 8))))
    subject = subjects.Train(*_drawn())
    before = {name: p.copy() for name, p in subject._net.parameters().items()}
    assert subject.run() == 1
    assert any((before[name] != p).any() for name, p in subject._net.parameters().items())


def _drawn():

    return zoo.build("remonet-t3", **TINY).init(np.random.default_rng(0)), SPEC | {"job": "train"}
