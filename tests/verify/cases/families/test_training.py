"""Parts of training as cases have them: Adam, the symmetries of a square, orthogonal kernels; and names."""
import numpy as np
import pytest
from made_cases import answered, made, names, same
from wrong_calls import drawn

from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.verify.cases.families.training_parts import listed, norms


def test_adam_on_half_a_cosine():
    """The rate of epoch e of T is peak (1 + cos(pi e / T)) / 2; the schedule steps before each epoch, the first too."""
    w, grads, (b1, b2), eps = drawn(5, seed=1), drawn(6, 5, seed=2), (0.8, 0.9), 1e-3
    config = {"lr": 0.1, "betas": [b1, b2], "eps": eps, "T_max": 4, "steps_per_epoch": 2}
    rates = [0.1 * (1 + np.cos(np.pi * epoch / 4)) / 2 for epoch in (1, 1, 2, 2, 3, 3)]
    at, m, v, path = w.copy(), 0, 0, []
    for k, (rate, g) in enumerate(zip(rates, grads), 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        at = at - rate * (m / (1 - b1 ** k)) / (np.sqrt(v / (1 - b2 ** k)) + eps)
        path.append(at)
    same(answered(made("op.adam_cosine", {"w": w, "grads": grads}, config=config)).outputs,
         {"lr": rates, "params": path})


def test_the_symmetries_of_a_square():
    """Turned left by quarters, and upside down after that."""
    x = drawn(2, 3, 4, 4)
    turned = {"do_nothing": x, **{f"rot{90 * k}": np.rot90(x, k, (2, 3)) for k in (1, 2, 3)}}
    upside_down = {"do_nothing": "flipud"} | {f"rot{90 * k}": f"rot{90 * k}_flipud" for k in (1, 2, 3)}
    same(answered(made("op.augment_d4", {"x": x})).outputs,
         turned | {upside_down[name]: image[:, :, ::-1] for name, image in turned.items()}, within=0)


def test_orthogonal_kernels():
    """The nearest kernel whose filters (c kh kw numbers each) are orthonormal: Q of Q S, S symmetric and positive."""
    weights = {"w_a": drawn(3, 2, 3, 3, seed=1), "w_b": drawn(4, 2, 1, 1, seed=2)}
    found = answered(made("op.svd_orthogonalization", weights, outputs=names(*weights))).outputs
    assert found.keys() == weights.keys()
    for name, weight in weights.items():
        flat, q = weight.reshape(len(weight), -1), found[name].reshape(len(weight), -1)
        short = min(flat.shape)
        assert found[name].shape == weight.shape
        assert np.allclose(q @ q.T if short == len(q) else q.T @ q, np.eye(short))
        s = q.T @ flat
        assert np.allclose(s, s.T) and np.linalg.eigvalsh(s).min() > -1e-12


NETWORK = "fastdvdnet"
THEIRS, OURS = "temp1.outc.convblock.3.weight", release(NETWORK).our_name("temp1.outc.convblock.3.weight")
WEIGHT, MEAN = drawn(3, 3, 5, 2), drawn(4)                               # ours: (kh, kw, c, o)


def test_parameters_under_the_names_and_in_the_layout_of_a_case():
    case = made("x", {}, outputs=names(f"grad:{THEIRS}", "grad_norm", "after:another"))
    found = listed(case, NETWORK, "grad:", {OURS: WEIGHT, "more": MEAN})
    same(found, {f"grad:{THEIRS}": np.einsum("ijco->ocij", WEIGHT)}, within=0)
    assert not np.shares_memory(found[f"grad:{THEIRS}"], WEIGHT)         # which an optimiser step may change
    with pytest.raises(InputError, match="made.h5: fastdvdnet has no tensor 'temp1.outc.convblock.3.weight', expected"):
        listed(case, NETWORK, "grad:", {"more": MEAN})


def test_lengths_of_gradients_in_the_order_of_a_case():
    order = [f"temp{k}.outc.convblock.3.weight" for k in (2, 1)]
    gradients = {release(NETWORK).our_name(name): np.float32([[3 * k, 4 * k]]) for k, name in zip((2, 1), order)}
    assert norms(made("x", {}, param_order=order), NETWORK, gradients).tolist() == [10.0, 5.0]
    assert norms(made("x", {}), NETWORK, gradients).size == 0
