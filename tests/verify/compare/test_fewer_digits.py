"""Most values are off by a little: weights, or arithmetic, in fewer digits."""
from copy import deepcopy

import numpy as np
import pytest

from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare.alignment import align
from refvr.verify.compare.compare import compare
from refvr.verify.compare.fewer_digits import in_fewer_digits
from refvr.verify.compare.isolate import isolate
from refvr.verify.compare.reference import run_places
from refvr.verify.diagnose.diagnosis import Diagnosis
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.port_arithmetic import arithmetic
from refvr.verify.runs.tracing import listen

C = 6


class Net(Module):
    def __init__(self):
        self.layers = [Conv2d(C, C, 3, activation="relu") for _ in range(5)]
        self.name_parts()

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@pytest.fixture
def given():
    rng = np.random.default_rng(3)
    net = Net()
    net.load({name: (rng.standard_normal(array.shape) * 0.3).astype(np.float32) for name, array in net.state().items()})
    return Subject("edvr", net, {"x": rng.random((1, 9, 10, C), np.float32)})


def dumped(given, path, change=lambda name, x: x, precision=""):
    """The values of the same network with other weights, or in another arithmetic."""
    other, values = deepcopy(given), {}
    other.net.load({name: change(name, x) for name, x in other.net.state().items()})
    with arithmetic(precision), listen(lambda named, value: values.__setitem__(named.name, np.array(value))):
        other.run()
    np.savez(path, **values)
    return path


def found(given, path):
    """(names of the wrong values, what is said of them)."""
    theirs = open_arrays(path)
    alignment = align(run_places(given), theirs)
    owns = isolate(given, alignment, theirs)
    return [own.name for own in owns if own.times > 1], in_fewer_digits(given, alignment, theirs, owns)


def cut_off(x):
    return (x.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("change, says", [
    (lambda name, x: rounded(x, "bf16"), "rounded to bfloat16: "),
    (lambda name, x: rounded(x, "bf16") if x.ndim > 1 else x, "rounded to bfloat16 (but for biases)"),
    (lambda name, x: cut_off(x), "cut off to bfloat16"), (lambda name, x: rounded(x, "fp16"), "rounded to float16")])
def test_weights_in_fewer_digits_are_named(given, tmp_path, change, says):
    wrong, said = found(given, dumped(given, tmp_path / "mine.npz", change))
    assert wrong and says in said.says and said.all


def test_arithmetic_in_fewer_digits_is_named(given, tmp_path):
    wrong, said = found(given, dumped(given, tmp_path / "mine.npz", precision="tf32"))
    assert wrong and "--precision tf32" in said.says


def test_one_wrong_layer_is_no_matter_of_digits(given, tmp_path):
    mine = dumped(given, tmp_path / "mine.npz", lambda name, x: x * 1.002 if name == "layers.1.weight" else x)
    assert found(given, mine) == (["layers.1"], ("", False))


def test_where_digits_explain_all_no_mistake_is_looked_for(given, tmp_path, monkeypatch):
    monkeypatch.setattr("refvr.verify.compare.reference.all_names", lambda net: [])   # it is no network of ours
    mine = dumped(given, tmp_path / "mine.npz", lambda name, x: rounded(x, "fp16"))
    report = compare(given, mine, with_isolation=True, search=lambda *_: pytest.fail("looked for a mistake"))
    assert report.guilty and "float16" in str(report) and "--diagnose" not in str(report)
    answer = Diagnosis("duf, conv1", False, 1e-4, 1e-6, settled=report.digits)
    assert list(answer.lines())[1:] == [report.digits]
