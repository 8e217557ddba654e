"""`refvr diagnose`: every mistake of the catalogue is seen by a vector, and named by its numbers."""
import json
import re
import time
from functools import cache

import numpy as np
import pytest

from refvr import ops
from refvr.cli.main import main
from refvr.errors import InputError, RefvrError
from refvr.verify.diagnose.diagnose import diagnose
from refvr.verify.mistakes import MISTAKES, SUBJECTS, NotHereError, mistakes_of
from refvr.verify.vectors.operations import VECTORS

BY_NAME = {vector.name: vector for vector in VECTORS}
SEEN_BEYOND = 30  # times the noise of float32


@cache
def answers(name):
    """(right in float64, noise, {mistake: wrong result in float64}) of a vector."""
    vector = BY_NAME[name]
    subject, inputs = SUBJECTS[vector.operation], vector.inputs()
    double = {k: a.astype(np.float64) for k, a in inputs.items()}
    right = subject.call(vector.given(double))
    noise = max(float(np.abs(subject.call(vector.given(inputs)) - right).max()), 1.2e-7 * float(np.abs(right).max()))
    wrong = {}
    for mistake in mistakes_of(vector.operation):
        try:
            wrong[mistake.name] = mistake.run(vector.given(double))
        except NotHereError:
            continue
    return right, noise, wrong


def is_seen(name, mistake):
    right, noise, wrong = answers(name)
    y = wrong.get(mistake)
    return y is not None and (y.shape != right.shape or np.abs(y - right).max() > SEEN_BEYOND * noise)


def where_seen(mistake):
    return next((v.name for v in VECTORS if v.operation == MISTAKES[mistake].operation and is_seen(v.name, mistake)),
                None)


def test_the_catalogue_is_large_and_reads_well():
    assert len(MISTAKES) > 250 and len({m.says for m in MISTAKES.values()}) > 150
    for mistake in MISTAKES.values():
        assert mistake.operation in SUBJECTS and not re.search(r"\.$|^[A-Z][a-z]", mistake.says), mistake.name
        assert mistake.kind in {"order", "border", "place", "number", "activation", "precision", "colour", "loss"}


# What only parts out of a sigmoid can have, as in a network; tests/verify/mistakes/test_catalogue.py tries it
OF_NO_VECTOR = {"concat.softmax_over_the_parts"}


@pytest.mark.parametrize("operation", sorted(SUBJECTS))
def test_every_mistake_is_seen_by_a_vector(operation):
    names = [m.name for m in mistakes_of(operation)]
    assert names and {name for name in names if where_seen(name) is None} == OF_NO_VECTOR & set(names)


def diagnosed(vector, mine, **options):
    options = {k: v for k, v in vector.given(vector.inputs()).items() if k in vector.options} | options
    return diagnose(vector.operation, mine, vector.inputs(), **options)


@pytest.mark.parametrize("operation", sorted(SUBJECTS))
def test_every_mistake_is_named(operation):
    """From float32 numbers, as a port would have made them; what cannot be told apart is listed beside it."""
    for mistake in mistakes_of(operation):
        if mistake.name in OF_NO_VECTOR:
            continue
        vector = BY_NAME[where_seen(mistake.name)]
        found = diagnosed(vector, mistake.run(vector.given(vector.inputs())))
        assert not found.agrees
        assert (mistake.name,) in [e.mistakes for e in found.explained], (vector.name, mistake.name, found.closest[:1])
        for other in found.explained:  # equivalent ones: their numbers are the same here, up to rounding
            right, noise, wrong = answers(vector.name)
            if other.mistakes[0] in wrong and MISTAKES[other.mistakes[0]].kind != "precision":
                assert np.abs(wrong[other.mistakes[0]] - wrong[mistake.name]).max() <= 100 * noise + 1e-5 * np.abs(
                    wrong[mistake.name]).max()


@pytest.mark.parametrize("name", ["conv2d", "deform_conv2d", "fac", "dynamic_upsample", "warp", "batch_norm"])
def test_right_numbers_agree_in_either_precision_and_another_order_of_sums(name):
    vector = BY_NAME[name]
    for dtype in (np.float32, np.float64):
        inputs = {k: a.astype(dtype) for k, a in vector.inputs().items()}
        with ops.backend("plain"):  # NumPy's own order of sums
            mine = SUBJECTS[vector.operation].call(vector.given(inputs))
        found = diagnosed(vector, mine)
        assert found.agrees and not found.explained and found.difference < found.tolerance


@pytest.mark.parametrize(("name", "one", "other"), [
    ("deform_conv2d", "offsets_x_y", "bias_missing"), ("deform_conv2d", "mask_doubled", "offsets_negative"),
    ("conv2d", "kernel_flipped", "activation_missing"), ("warp", "flow_halved", "zeros_outside"),
    ("fac", "taps_transposed", "border_of_zeros"), ("dynamic_upsample", "filters_flipped",
                                                   "residual_in_the_order_of_pytorch")])
def test_two_mistakes_are_found_together(name, one, other):
    vector = BY_NAME[name]
    one, other = (MISTAKES[f"{vector.operation}.{m}"] for m in (one, other))
    given = vector.given(vector.inputs())
    mine = one.run(given, lambda g: other.run(g))
    found = diagnosed(vector, mine)
    assert {one.name, other.name} in [set(e.mistakes) for e in found.explained], found.closest


@pytest.mark.parametrize(("change", "name"), [
    (lambda y: y[..., ::-1], "channels_reversed"), (lambda y: y[:, ::-1], "upside_down"), (lambda y: 1.5 * y, "scaled"),
    (lambda y: y + 0.25, "raised"), (lambda y: np.roll(y, (1, -1), (1, 2)), "shifted"),
    (lambda y: np.moveaxis(y, -1, 1).reshape(y.shape), "nchw_read_as_nhwc"), (lambda y: y[..., [2, 0, 1]], "permuted"),
    (lambda y: np.floor(np.clip(y, 0, 1) * 255) / 255, "cut_to_bytes")])
def test_changes_of_the_result_are_named(change, name):
    vector = BY_NAME["warp"]
    right = SUBJECTS["warp"].call(vector.given(vector.inputs()))
    found = diagnosed(vector, np.ascontiguousarray(change(right)))
    if name == "shifted":
        found.explained = [e for e in found.explained if "1 down and 1 left" in e.says]
    assert (name,) in [e.mistakes for e in found.explained], found.closest


def test_noise_is_not_explained():
    vector = BY_NAME["conv2d_square"]
    right = SUBJECTS["conv2d"].call(vector.given(vector.inputs()))
    found = diagnosed(vector, right + np.random.default_rng(0).normal(0, 0.1, right.shape), seconds=5)
    assert not found.agrees and not found.explained and found.tried > 30
    assert not found.closest, "hints that explain less than nine tenths of the difference"


def test_a_constant_is_no_hint():
    """Random numbers around another mean than ours: what is near that constant explains no more than it does."""
    vector = BY_NAME["conv2d_square"]
    right = SUBJECTS["conv2d"].call(vector.given(vector.inputs()))
    mine = 0.02 * np.random.default_rng(0).normal(size=right.shape) - 0.1
    assert not diagnosed(vector, mine, seconds=1).closest


def test_a_candidate_that_explains_nearly_all_is_a_hint_and_the_time_bounds_everything():
    vector = BY_NAME["conv2d_square"]
    wrong = MISTAKES["conv2d.kernel_flipped"].run(vector.given(vector.inputs()))
    mine = wrong + np.random.default_rng(0).normal(0, 0.01 * wrong.std(), wrong.shape)
    found = diagnosed(vector, mine, seconds=3)
    assert not found.explained and found.closest[0].share > 0.99
    assert "conv2d.kernel_flipped" in found.closest[0].mistakes
    began = time.monotonic()
    found = diagnosed(vector, mine, seconds=0)
    assert not found.complete and found.tried <= 1 and time.monotonic() - began < 2


def files(tmp_path, layout):
    vector = BY_NAME["deform_conv2d"]
    mine = MISTAKES["deform_conv2d.offsets_x_y"].run(vector.given(vector.inputs()))
    inputs = vector.inputs()
    if layout == "nchw":
        mine = np.moveaxis(mine, -1, 1)
        inputs = {k: a.transpose(3, 2, 0, 1) if k == "weight" else np.moveaxis(a, -1, 1) if a.ndim == 4 else a
                  for k, a in inputs.items()}
    np.save(tmp_path / "y.npy", mine)
    np.savez(tmp_path / "in.npz", **inputs)
    return ["diagnose", "deform_conv2d", "--mine", str(tmp_path / "y.npy"), "--inputs", str(tmp_path / "in.npz"),
            "--layout", layout]


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_the_command_names_the_mistake(tmp_path, capsys, layout):
    assert main(files(tmp_path, layout)) == 1
    assert "equals the reference with offsets read as (x, y)" in capsys.readouterr().out
    assert main([*files(tmp_path, layout), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["explained"][0]["mistakes"] == ["deform_conv2d.offsets_x_y"] and not found["agrees"]


def test_the_command_refuses_what_does_not_fit(tmp_path, capsys):
    command = files(tmp_path, "nhwc")
    assert main([*command, "--set", "stride"]) == 2 and "KEY=VALUE" in capsys.readouterr().err
    assert main([*command, "--set", "strides=2"]) == 2 and "strides" in capsys.readouterr().err
    command[1] = "deform_conv"
    assert main(command) == 2 and "no operation" in capsys.readouterr().err
    assert main(["diagnose"]) == 2
    assert main(["diagnose", "warp", "--list"]) == 0 and "warp.flow_halved" in capsys.readouterr().out


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_arrays_of_the_other_layout_get_a_hint(layout, tmp_path, capsys):
    command = files(tmp_path, layout)
    other = "nchw" if layout == "nhwc" else "nhwc"
    assert main([*command[:-1], other]) == 2
    said = capsys.readouterr().err
    assert f"in layout {layout} your arrays fit" in said and f"--layout {layout}" in said
    vector = BY_NAME["conv2d"]
    mine = SUBJECTS["conv2d"].call(vector.given(vector.inputs()))
    with pytest.raises(RefvrError) as error:
        diagnosed(vector, np.zeros((1, 2, 3, 4)), layout="nchw")
    assert "your arrays fit" not in str(error.value) and diagnosed(vector, mine).agrees


@pytest.mark.parametrize("flipped", [False, True])
def test_a_convolution_without_padding_is_named(flipped):
    vector = BY_NAME["conv2d_square"]
    y = (MISTAKES["conv2d.kernel_flipped"].run if flipped else SUBJECTS["conv2d"].call)(vector.given(vector.inputs()))
    found = diagnosed(vector, y[:, 1:-1, 1:-1], seconds=5)
    assert "that is the shape of ours with its border of 1 left out" in found.note
    assert [e.mistakes for e in found.explained] == [("conv2d.kernel_flipped",) * flipped + ("border_less",)]


def test_wrong_shapes_get_a_hint():
    vector = BY_NAME["conv2d"]
    mine = np.moveaxis(SUBJECTS["conv2d"].call(vector.given(vector.inputs())), -1, 1)
    found = diagnosed(vector, mine, seconds=1)
    assert not found.agrees and "nchw" in found.note
    with pytest.raises(InputError, match="layout"):
        diagnosed(vector, mine, layout="chwn")
