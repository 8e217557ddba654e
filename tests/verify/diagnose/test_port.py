"""A whole port: its guilty layer is found, and the mistake in it named; or why there is none to name."""
import time
from types import SimpleNamespace

import numpy as np
import pytest
from small_ports import C, drawn, dumped, subject_with, values_of

from refvr import ops
from refvr.errors import InputError
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare import reference
from refvr.verify.compare.compare import compare
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.diagnose import port
from refvr.verify.diagnose.port import LEAST, diagnose_port, within
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.planted import planted
from refvr.verify.runs.port_arithmetic import arithmetic
from refvr.verify.runs.trace_file import write_trace

FLIPPED = "conv2d.kernel_flipped"


class Net(Module):
    """a, b, c, d, e: one convolution after the other."""

    config = SimpleNamespace()

    def __init__(self):
        self.a, self.b, self.c, self.d, self.e = (Conv2d(C, C, 3, activation="leaky_relu") for _ in range(5))
        self.name_parts()

    def forward(self, x):
        return self.e(self.d(self.c(self.b(self.a(x)))))


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """The network is none of ours: it has no official names, and its run is made again by hand."""
    monkeypatch.setattr(reference, "all_names", lambda net: [])
    monkeypatch.setattr(port, "remade", lambda about, path: subject_with(drawn(Net())))
    with ops.threads(1):
        yield


@pytest.fixture
def subject():
    return subject_with(drawn(Net()))


@pytest.fixture
def trace(subject, tmp_path):
    write_trace(subject, tmp_path / "t.h5")
    return tmp_path / "t.h5"


@pytest.fixture
def mine(subject):
    """A port whose third convolution has its kernel flipped."""
    with planted(MISTAKES[FLIPPED], only=2):
        return dumped(values_of(subject))


def test_a_right_port_has_nothing_to_diagnose(subject, trace):
    found = diagnose_port(trace, dumped(values_of(subject)))
    assert found.agrees and found.subject == "edvr" and found.difference <= found.tolerance
    assert list(found.lines())[0].endswith("nothing to diagnose")


def test_the_mistake_in_the_guilty_layer_is_named(trace, mine, tmp_path):
    np.savez(tmp_path / "mine.npz", **mine)
    for values in (mine, tmp_path / "mine.npz"):   # open, or in a file
        found = diagnose_port(trace, values)
        assert [e.mistakes for e in found.explained] == [(FLIPPED,)] and not found.agrees
        assert found.subject == "edvr, from b to c"


def test_another_place_than_the_first_may_be_looked_at(trace, mine):
    assert diagnose_port(trace, mine, at="c").explained[0].mistakes == (FLIPPED,)
    found = diagnose_port(trace, mine, at="a")
    assert found.agrees and found.subject == "edvr, from the input to a"   # it is right itself
    with pytest.raises(InputError, match="has no value for 'no such name'"):
        diagnose_port(trace, mine, at="no such name")


def test_a_search_that_compare_is_given_finds_the_same(subject, mine):
    report = compare(subject, mine, with_isolation=True, search=within(20))
    assert report.guilty.name == "c" and [e.mistakes for e in report.guilty.diagnosis.explained] == [(FLIPPED,)]


@pytest.mark.parametrize("used, left", [(0, 9), (4, 5), (8, 9 * LEAST), (50, 9 * LEAST)])
def test_the_search_has_what_finding_the_layer_left_of_the_time_and_a_third_at_least(used, left, monkeypatch):
    given = []
    monkeypatch.setattr(port, "Deadline", given.append)
    port._left(9, time.process_time() - used)
    assert given[0] == pytest.approx(left, abs=0.1)


# where there is no mistake to name

def test_names_of_other_values_are_said_and_are_no_mistake(subject, trace):
    """The right end of it, which would say that nothing can be wrong, is not known here."""
    values = values_of(subject)
    noise = np.random.default_rng(0).standard_normal(values["b"].shape).astype(np.float32)
    found = diagnose_port(trace, dumped({name: values[name] for name in "acd"} | {"b": noise}))
    assert not found.agrees and [pair.partition(" is not our ")[0] for pair in found.mispaired] == ["your b"]


def test_weights_in_fewer_digits_explain_all_and_nothing_is_looked_for(trace):
    other = subject_with(drawn(Net()))
    other.net.load({name: rounded(x, "bf16") for name, x in other.net.state().items()})
    found = diagnose_port(trace, dumped(values_of(other)))
    assert "bfloat16" in found.settled and found.tried == 0 and not found.explained
    assert found.subject == "edvr, a" and list(found.lines())[-1] == found.settled
    assert found.difference > found.tolerance > 1e-8   # of the first wrong value


def test_an_answer_of_another_size_is_no_matter_of_mistakes(subject, trace):
    given, values = RunValues("mine"), values_of(subject)
    for name in "abcde":
        given.add(name, values[name])
    given.add_result("result", values["output"][:, :-1], "result")
    with pytest.raises(InputError, match="your result is 1x6x9x4, our output is 1x7x9x4") as caught:
        diagnose_port(trace, given)
    assert "same size" in caught.value.fix


def test_a_port_in_few_digits_is_judged_by_its_own_rounding(subject, trace):
    with arithmetic("fp16"), planted(MISTAKES[FLIPPED], only=2):
        values = dumped(values_of(subject))
    found = diagnose_port(trace, values, precision="fp16")
    assert (FLIPPED,) in [e.mistakes for e in found.explained] and found.rounding == "fp16"


def test_only_a_trace_is_a_reference(mine, tmp_path):
    np.savez(tmp_path / "mine.npz", x=np.zeros(3))
    with pytest.raises(InputError, match="is no trace file of refvr"):
        diagnose_port(tmp_path / "mine.npz", mine)


def test_a_clip_before_is_for_networks_that_carry_something_on(trace, mine):
    with pytest.raises(InputError, match="carries nothing on"):
        diagnose_port(trace, mine, before="scene:20x12")
