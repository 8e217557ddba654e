"""The search in one span of a port: its mistake is named, at either stage, and by its last value where two equal it."""
import numpy as np
import pytest
from small_ports import Chain, drawn, dumped, paired, subject_with, values_of

from refvr import ops
from refvr.nn import Module, note
from refvr.verify.diagnose.deadline import Deadline
from refvr.verify.diagnose.search import QUIET
from refvr.verify.diagnose.span import diagnose_span
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.planted import planted
from refvr.verify.runs.port_arithmetic import arithmetic
from refvr.verify.runs.pre_activation import EARLY, stages
from refvr.verify.runs.tracing import listen

FLIPPED = "conv2d.kernel_flipped"


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture
def subject():
    return subject_with(drawn(Chain("leaky_relu")))


def ported(subject, mistake, only, early=()):
    """Values of a port with a mistake in one of its layers; `early`: of these, before the activation."""
    found = {}
    with planted(MISTAKES[mistake], only=only), stages() as stage, listen(lambda named, value: found.__setitem__(
            named.name, np.array(stage.before() if named.name in early and stage.of(value) else value))):
        subject.run()
    return found


def diagnosed(subject, theirs, name, stage="", seconds=20, **more):
    return diagnose_span(subject, paired(subject, dumped(theirs)), dumped(theirs), name, stage, Deadline(seconds),
                         QUIET, **more)


@pytest.mark.parametrize("name, only", [("first", 0), ("middle", 1), ("last", 2)])
def test_the_mistake_of_a_layer_is_named(name, only, subject):
    found = diagnosed(subject, ported(subject, FLIPPED, only), name)
    assert [e.mistakes for e in found.explained] == [(FLIPPED,)] and not found.agrees and found.rounding == "float32"
    after = {"first": "the input", "middle": "first", "last": "middle"}[name]
    assert found.certain.startswith(f"your values are right up to {after}, and your {name} does not follow")


def test_a_right_layer_agrees(subject):
    found = diagnosed(subject, values_of(subject), "middle")
    assert found.agrees and found.tried == 0 and found.difference < found.tolerance


def test_a_large_error_hides_that_the_value_is_before_its_activation(subject):
    theirs = ported(subject, FLIPPED, 1, early=("middle",))
    assert [e.mistakes for e in diagnosed(subject, theirs, "middle").explained] == [(FLIPPED,)]
    assert [e.mistakes for e in diagnosed(subject, theirs, "middle", EARLY).explained] == [(FLIPPED,)]


def test_what_rounding_explains_may_be_less_than_the_search_would_allow(subject):
    """A tenth of a thousandth off is an error where `compare` has measured that rounding makes less."""
    theirs = values_of(subject)
    theirs["middle"] = theirs["middle"] * np.float32(1 + 2e-6)
    assert diagnosed(subject, theirs, "middle", precision="fp16").agrees
    found = diagnosed(subject, theirs, "middle", precision="fp16", explained=1e-6)
    assert not found.agrees and found.rounding == "fp16"


def test_a_port_of_few_digits_is_diagnosed_by_its_own_rounding(subject):
    with arithmetic("fp16"):
        theirs = ported(subject, FLIPPED, 1)
    found = diagnosed(subject, theirs, "middle", precision="fp16")
    assert [e.mistakes for e in found.explained] == [(FLIPPED,)] and found.tolerance > 1e-3


def test_time_that_is_over_is_said(subject):
    found = diagnosed(subject, ported(subject, FLIPPED, 1), "middle", seconds=-1)
    assert not found.complete and not found.explained and found.difference > found.tolerance


class Corner(Module):
    """The first pixel, and the picture times it."""

    def forward(self, x):
        return note("corner", x[:, :1, :1] * 1.0) * x


def test_of_two_that_equal_it_here_the_last_value_decides():
    """In this picture the pixel is the same if it is mirrored and if it is upside down."""
    x = np.random.default_rng(0).random((1, 6, 8, 3)).astype(np.float32)
    x[:, 0, -1] = x[:, -1, 0]
    subject, port = (subject_with(Corner(), shape=x.shape) for _ in range(2))
    subject.operands["x"], port.operands["x"] = x, np.ascontiguousarray(x[:, :, ::-1])
    wrong = values_of(port)
    alone = diagnosed(subject, {"corner": wrong["corner"]}, "corner")
    assert {e.mistakes for e in alone.explained} >= {("given.mirrored",), ("given.upside_down",)}
    whole = diagnosed(subject, wrong, "corner")
    assert ("given.mirrored",) in [e.mistakes for e in whole.explained]
    assert ("given.upside_down",) not in [e.mistakes for e in whole.explained]
