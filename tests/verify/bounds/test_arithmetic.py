"""`refvr work`: the printed arithmetic adds up to what the kernel answers, everywhere."""
import json

import numpy as np
import pytest

from refvr.cli.main import main
from refvr.errors import InputError
from refvr.verify.bounds.arithmetic import STEPS, demo_inputs, work
from refvr.verify.mistakes import SUBJECTS
from refvr.verify.vectors.operations import VECTORS

CASES = [vector for vector in VECTORS if vector.operation in STEPS]


@pytest.mark.parametrize("vector", CASES, ids=lambda v: v.name)
def test_it_adds_up_to_the_kernel_s_answer_at_every_place(vector):
    inputs = vector.inputs()
    options = vector.options
    y = SUBJECTS[vector.operation].call(vector.given({k: a.astype(np.float64) for k, a in inputs.items()}))
    peak = np.abs(y).max()
    rows, columns = y.shape[1:3]
    for row in {0, rows // 2, rows - 1}:
        for column in {0, 1, columns // 2, columns - 1}:
            for channel in {0, y.shape[3] - 1}:
                found = work(vector.operation, inputs, (row, column), channel, **options)
                assert abs(found.result - y[0, row, column, channel]) < 1e-12 * peak
                assert found.answer == y[0, row, column, channel]
                assert abs(sum(t.product for t in found.terms) - found.total) < 1e-12 * peak
                for term in found.terms:
                    assert abs(np.prod([term.value, *(f for name, f in term.weights if name != "logit")])
                               - term.product) < 1e-12 * peak
                    assert not term.corners or abs(sum(c.share for c in term.corners) - 1) < 1e-12


@pytest.mark.parametrize("operation", sorted(STEPS))
def test_the_demo_data_and_the_command(operation, capsys):
    assert main(["work", operation, "--at", "3,5", "--channel", "2"]) == 0
    text = capsys.readouterr().out
    assert "channel 2" in text and "the operation's own answer" in text
    assert main(["work", operation, "--at", "3,5", "--channel", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert abs(found["result"] - found["answer"]) < 1e-12
    assert abs(found["answer"]) > 1e-6 and demo_inputs(operation)["x"].std() > 0.05


def test_own_inputs_and_what_does_not_fit(tmp_path, capsys):
    vector = next(v for v in CASES if v.name == "fac")
    kernel = vector.inputs()["kernel"].transpose(0, 4, 3, 1, 2).reshape(1, 75, 7, 11)
    np.savez(tmp_path / "in.npz", x=np.moveaxis(vector.inputs()["x"], -1, 1), kernel=kernel)
    command = ["work", "fac", "--at", "0,0", "--channel", "1", "--inputs", str(tmp_path / "in.npz"), "--layout", "nchw"]
    assert main([*command, "--json"]) == 0
    want = SUBJECTS["fac"].call(vector.given({k: a.astype(np.float64) for k, a in vector.inputs().items()}))
    assert json.loads(capsys.readouterr().out)["answer"] == want[0, 0, 0, 1]
    assert main([*command, "--set", "border=zero"]) == 0
    assert main(["work", "fac", "--at", "0,99"]) == 2 and main(["work", "fac", "--at", "0"]) == 2
    with pytest.raises(InputError, match="expected one of"):
        work("conv2d", {}, (0, 0), 0)
