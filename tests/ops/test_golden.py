"""What PyTorch and ReMoNet's own code answered (tests/golden): within four times their float32 noise.

Cases keep channels first; `last` turns them. `float32_vs_float64` of a case is how far its own float32 run was off.
"""
import json

import h5py
import numpy as np
import pytest
from places import GOLDEN

import refvr
from refvr import Tensor, backward, ops

EXACT = 1e-13  # float64 against float64, of the peak: sums of some hundred terms in another order


def every_way(test):
    test = pytest.mark.parametrize("backend", ["plain", "fast"])(test)
    return pytest.mark.parametrize("kind", [np.float32, np.float64])(test)


def read(name):
    with h5py.File(GOLDEN / name) as file:
        groups = {group: {k: v[()] for k, v in file[group].items()} for group in ("inputs", "outputs", "outputs64")}
        return json.loads(file.attrs["meta"]), groups


def last(x):
    """(n, c, h, w) -> (n, h, w, c); windows (n, t, c, h, w) too."""
    return np.ascontiguousarray(np.moveaxis(x, -3, -1))


def close(got, want, kind, floor):
    peak = np.abs(want).max()
    allowed = peak * EXACT if kind is np.float64 else 4 * max(floor, np.finfo(np.float32).eps / 2 * peak)
    assert got.dtype == kind and got.shape == want.shape
    assert np.abs(got - want).max() <= allowed


def floor_of(meta, groups, name):
    if "float32_vs_float64" in meta:
        return meta["float32_vs_float64"][name]["max_abs"]
    return np.abs(groups["outputs"][name] - groups["outputs64"][name]).max()


@every_way
@pytest.mark.parametrize("case", ["train", "train_n1", "eval"])
def test_batch_norm(case, kind, backend):
    meta, groups = read(f"op_batchnorm2d_{case}.h5")
    given, want = groups["inputs"], groups["outputs64"]
    x, gamma, beta = Tensor(last(given["x"]).astype(kind)), *(Tensor(given[k].astype(kind)) for k in ("gamma", "beta"))
    mean, var, eps = given["running_mean"].astype(kind), given["running_var"].astype(kind), meta["config"]["eps"]
    with refvr.backend(backend):
        if case == "eval":
            y = ops.batch_norm(x, gamma, beta, mean, var, eps)
        else:
            y = ops.batch_norm_train(x, gamma, beta, eps)
        backward(y, last(given["dy"]).astype(kind))
    got = {"y": y.data, "dx": x.grad, "dgamma": gamma.grad, "dbeta": beta.grad}
    for name, value in got.items():
        target = last(want[name]) if value.ndim == 4 else want[name]
        close(value, target, kind, floor_of(meta, groups, name))
    if case != "eval":
        batch_mean, unbiased, _ = ops.batch_statistics(x.data)
        momentum = kind(meta["config"]["momentum"])
        for name, old, new in (("running_mean", mean, batch_mean), ("running_var", var, unbiased)):
            close((1 - momentum) * old + momentum * new, want[name], kind, floor_of(meta, groups, name))


@every_way
@pytest.mark.parametrize("case", ["op_similarity_loss.h5", "op_similarity_loss_zero.h5"])
def test_similarity_loss(case, kind, backend):
    meta, groups = read(case)
    y1, y2 = (Tensor(last(groups["inputs"][k]).astype(kind)) for k in ("g_s", "g_t"))
    with refvr.backend(backend):
        loss = ops.similarity_loss(y1, y2)
        backward(loss)
    want = groups["outputs64"]
    for name, value, target in (("loss", loss.data.reshape(1), want["loss"]), ("dg_s", y1.grad, last(want["dg_s"])),
                                ("dg_t", y2.grad, last(want["dg_t"]))):
        close(value, target, kind, floor_of(meta, groups, name))


@every_way
def test_prelu(kind, backend):
    meta, groups = read("op_prelu_a.h5")
    x, w = Tensor(last(groups["inputs"]["x"]).astype(kind)), Tensor(groups["inputs"]["w"].astype(kind))
    with refvr.backend(backend):
        y = ops.prelu(x, w)
        backward(y, last(groups["inputs"]["grad_out"]).astype(kind))
    want = groups["outputs64"]
    assert (x.data == 0).any()  # the case has exact zeros, where the slope counts
    close(y.data, last(want["out"]), kind, floor_of(meta, groups, "out"))
    close(x.grad, last(want["grad_x"]), kind, floor_of(meta, groups, "grad_x"))
    close(w.grad, want["grad_w"], kind, floor_of(meta, groups, "grad_w"))


@pytest.mark.parametrize("s", [2, 3, 4])
@pytest.mark.parametrize("backend", ["plain", "fast"])
def test_pixel_shuffle_to_the_bit(s, backend):
    _, groups = read("op_pixel_shuffle.h5")
    given, want = groups["inputs"], groups["outputs"]
    with refvr.backend(backend):
        assert np.array_equal(ops.pixel_shuffle(last(given[f"x_r{s}"]), s), last(want[f"y_r{s}"]))
        assert np.array_equal(ops.pixel_unshuffle(last(given[f"u_r{s}"]), s), last(want[f"unshuffle_r{s}"]))
