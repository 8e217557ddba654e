"""tools/torch_peers: the networks in PyTorch answer as the originals did, and as ours do, with the same weights."""
from dataclasses import replace

import numpy as np
import pytest
from places import GOLDEN, SHARED
from subjects import TINY

from refvr import zoo
from refvr.pipeline.drivers import restore_frames
from refvr.records import NETWORKS
from refvr.verify.cases.case import load_case
from refvr.verify.cases.families import duf, edvr, families, fastdvdnet, remonet, safa, stfan
from refvr.verify.cases.run import verify_loaded as verify

torch = pytest.importorskip("torch", reason="the peers need PyTorch: pip install 'refvr[peers]'")
import torch_peers
from torch_peers import clips, sampling

LARGER = SHARED / "golden"
NAMES = {"remonet": "remonet_[gt]*", "fastdvdnet": "fastdvdnet_[ab]*", "duf": "duf_*_a", "edvr": "edvr_*_[a-g]",
         "stfan": "stfan_official_*", "stfan_seed": "stfan_seed_*", "safa": "safa_[a-e]"}


def cases(folder):
    found = [(path, path.stem) for pattern in NAMES.values() for path in sorted(folder.glob(f"{pattern}.h5"))]
    return [pytest.param(path, id=stem) for path, stem in found if "_train_" not in stem]


def judge(monkeypatch, path, dtype):
    """The case with the peer in the place of our network, judged as `refvr verify` judges ours."""
    for family in (remonet, fastdvdnet, duf, edvr, stfan, safa):
        def build(*args, ours=family.build):
            peer = torch_peers.ready(torch_peers.from_refvr(ours(*args)), channels_last=False)
            return clips.AsOurs(peer)
        monkeypatch.setattr(family, "build", build)
    report = verify(replace(load_case(path), trace={}), "fast", dtype, "winograd")
    problems = [f"{row.name}: {row.problem or row.difference}" for row in report.outputs if not row.passed]
    assert report.outputs and not problems, problems


@pytest.mark.parametrize("path", cases(GOLDEN))
def test_cases(monkeypatch, path):
    judge(monkeypatch, path, "float32")


@pytest.mark.long
@pytest.mark.parametrize("path", cases(GOLDEN) + cases(LARGER) or [pytest.param(None, id="none")])
def test_larger_cases(monkeypatch, path):
    if path is None:
        pytest.skip("needs the larger cases in ../shared/golden")
    judge(monkeypatch, path, "float64")


@pytest.mark.long
@pytest.mark.parametrize("seed, in_words", [(0, False), (1, True)])
def test_fresh_training_cases_of_duf(tmp_path, seed, in_words):
    """x2 has 12 outputs for the residual, of which the case keeps 2; seed 0 has a ReLU that rounding switches."""
    from torch_peers import duf_training

    duf_training.make(tmp_path / "case.h5", seed=seed, state_in_words=in_words)
    for dtype in ("float64", "float32"):
        report = verify(load_case(tmp_path / "case.h5"), "fast", dtype, "winograd")
        assert report.passed, [(row.name, row.problem or row.difference) for row in report.outputs if not row.passed]


def test_every_network_has_a_case():
    found = {load_case(param.values[0]).family for param in cases(GOLDEN)}
    assert {family.split(".")[0] for family in found} == set(NETWORKS)
    assert found <= set(families())


def network(name):
    return zoo.build(name, **TINY[name]).init(np.random.default_rng(0))


@pytest.mark.parametrize("name", TINY)
def test_weights_both_ways(name):
    net, rng = network(name), np.random.default_rng(1)
    state = {key: rng.random(array.shape).astype(array.dtype) for key, array in net.state().items()
             if not key.endswith(("biased_mean", "biased_var", "steps", "num_batches_tracked"))}
    net.load(net.state() | state)
    found = torch_peers.peer_state(torch_peers.from_refvr(net))
    assert set(found) == set(net.state())
    for key, array in state.items():
        assert np.array_equal(found[key], array), key


@pytest.mark.parametrize("name", TINY)
def test_clips_as_ours(name):
    """The authors' way through a clip of odd size gives what ours gives, which keeps features between windows.

    stfan-seed in float64: with drawn weights its state grows from frame to frame, and float32 noise with it.
    """
    dtype = np.float64 if name == "stfan-seed" else np.float32
    net = network(name).astype(dtype)
    for key, array in net.state().items():  # batch norms that do something
        if key.endswith("running_var"):
            array *= 0.7
    rng = np.random.default_rng(2)
    clip = list(rng.random((4, 19, 22, 3), dtype))
    options = {"sigma": 25.0} if name == "fastdvdnet" else {"rate": 2, "routing": "half"} if name == "safa" else {}
    options |= {"official": True} if name.startswith("duf") else {}
    ours = np.stack(list(restore_frames(clip, net, **options)))
    for channels_last in (False, True):
        peer = torch_peers.ready(torch_peers.from_refvr(net), channels_last=channels_last)
        theirs = np.stack(list(clips.restore(peer, clip, **options)))
        assert theirs.shape == ours.shape
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-9 if dtype == np.float64 else 2e-5)


def test_wrong_weights_are_refused():
    peer = torch_peers.build("stfan", **TINY["stfan"])
    with pytest.raises(ValueError, match="missing"):
        torch_peers.load_official(peer, {})


def test_both_forms_of_sampling():
    torch.manual_seed(0)
    x, offset = torch.randn(2, 8, 7, 11, dtype=torch.float64), 3 * torch.randn(2, 36, 7, 11, dtype=torch.float64)
    mask, weight = torch.rand(2, 18, 7, 11, dtype=torch.float64), torch.randn(5, 8, 3, 3, dtype=torch.float64)
    two = [form(x, offset, mask, weight, None) for form in (sampling.deform_by_grid, sampling.deform_by_index)]
    torch.testing.assert_close(*two, rtol=1e-9, atol=1e-9)
    kernel = torch.randn(2, 8 * 25, 7, 11, dtype=torch.float64)
    two = [form(x, kernel, 5, "replicate") for form in (sampling.fac_by_tap, sampling.fac_by_unfold)]
    torch.testing.assert_close(*two, rtol=1e-12, atol=1e-12)


def test_onnxruntime_samples_as_ours_does():
    for needed in ("onnx", "onnxruntime"):
        pytest.importorskip(needed, reason="a second peer for the deformable convolution")
    from torch_peers.deformable import onnx_deform

    from refvr import ops

    rng, (h, w, c, o, groups) = np.random.default_rng(3), (7, 11, 6, 5, 2)
    x, weight = rng.standard_normal((1, h, w, c), np.float32), rng.standard_normal((3, 3, c, o), np.float32)
    offset_px = 3 * rng.standard_normal((1, h, w, 18 * groups), np.float32)
    mask = rng.random((1, h, w, 9 * groups), np.float32)
    theirs = onnx_deform(x, offset_px, mask, weight, 1)().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(theirs, ops.deform_conv2d(x, offset_px, mask, weight), rtol=0, atol=1e-4)
