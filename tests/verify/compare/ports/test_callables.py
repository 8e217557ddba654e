"""Ports in this process: functions that keep values, modules that are hooked; what is not as it seems is said."""
import sys
import warnings

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports.callables import FunctionPort, ModulePort, is_module, port_of, takes, wanted_by
from refvr.verify.compare.ports.feeding import Given
from refvr.verify.compare.ports.kept import keep
from refvr.verify.runs.as_array import TracedError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
X = np.float32([[1, -2, 3]])
STFAN = Given("stfan", {"frame": X, "previous": X, "restored": X}, {"times": [0.5]})
EDVR = Given("edvr", {"x": X})


# what a function takes

def all_of(frame, previous, restored):
    pass


def official_and_own(img_blur, *, flag=True, output_last_img=None, sigma=3, other):
    pass


@pytest.mark.parametrize("port, names", [
    (all_of, ["frame", "previous", "restored"]), (lambda x, scale=2: x, ["x"]), (lambda a, b, previous=None: a, ["a",
                                                                                   "b", "previous"]),
    (lambda img_blur, output_last_img=None, sigma=3: 0, ["img_blur", "output_last_img"]),   # official names are known
    (lambda *args: 0, ["frame", "previous", "restored", "times"]), (lambda **named: 0, []),
    (official_and_own, ["img_blur"]), (max, ["frame", "previous", "restored"])])   # a builtin does not say
def test_parameters_without_a_default_and_those_that_are_inputs_of_ours(port, names):
    assert [want.name for want in wanted_by(port, STFAN)] == names
    assert all(want.shape is None for want in wanted_by(port, STFAN))


@pytest.mark.parametrize("port, names", [
    (all_of, ["frame", "previous", "restored"]), (lambda frame, state=None, scale=2: 0, ["frame", "state"]),
    (lambda img_blur, output_last_fea=None, output_last_img=None: 0, ["img_blur", "output_last_fea"]),
    (lambda *frames: 0, []), (official_and_own, ["img_blur"]), (max, []), (3, []), (torch.nn.ReLU(), ["input"])])
def test_before_there_is_an_input_what_has_no_default_is_known_and_a_state(port, names):
    """So that a port that takes a state is held against a later call of a recurrence."""
    assert [want.name for want in takes(port).wanted] == names


# functions

def test_a_function_keeps_values_and_answers():
    def port(x):
        keep("double", 2 * x)
        return {"nested": [x + 1, (x + 2,)]}["nested"]

    found = port_of(port, EDVR).values({"x": X}, "mine")
    assert list(found) == ["double", "output", "output_state"] and found["double"].tolist() == [[2, -4, 6]]
    assert found["output_state"].tolist() == [[3, 0, 5]] and found.results == {"output": "", "output_state": ""}
    assert port_of(port, EDVR).results({"x": X})[0].tolist() == [[2, -1, 4]]
    assert keep("outside", X) is X


def test_an_answer_with_names_is_values_and_no_answer_is_what_was_kept():
    found = port_of(lambda x: {"one": x, "levels": np.uint8([1, 2])}, EDVR).values({"x": X}, "mine")
    assert list(found) == ["one", "levels"] and not found.results   # named by a person, whole numbers are values too
    assert list(port_of(lambda x: keep("only", x) and None if False else keep("only", x).size, EDVR).values(
        {"x": X}, "mine")) == ["only"]
    assert port_of(lambda x: None, EDVR).results({"x": X}) == []


def test_of_one_that_raises_what_it_kept_before_is_there():
    def port(x):
        keep("before", x)
        raise KeyError("no\nsuch thing")

    found = port_of(port, EDVR).values({"x": X}, "mine")
    assert list(found) == ["before"]
    assert found.stopped == "half way, what comes before is compared: KeyError: 'no\\nsuch thing'"
    with pytest.raises(InputError, match="half way, .*KeyError"):
        port_of(port, EDVR).results({"x": X})


def test_one_that_computes_nothing_is_refused():
    def stops(x):
        raise ValueError("wrong\nsize")

    with pytest.raises(InputError, match="mine stops before anything is computed: ValueError: wrong size"):
        port_of(stops, EDVR).values({"x": X}, "mine")
    with pytest.raises(InputError, match="mine returns no real numbers and keeps none"):
        port_of(lambda x: "done", EDVR).values({"x": X}, "mine")
    with pytest.raises(InputError, match="got a port of type int, expected a module of PyTorch, a function"):
        port_of(3, EDVR)


def test_a_compiled_function_is_run_again_uncompiled(monkeypatch):
    """As JAX does: what a compiled function keeps has no numbers."""
    compiled = [True]

    class Traced:
        shape, dtype = (3,), np.dtype(np.float32)

        def __array__(self, *args, **named):
            raise TypeError("abstract")

    class Jax:
        class disable_jit:   # noqa: N801  (as it is called there)
            def __enter__(self):
                compiled[0] = False

            def __exit__(self, *_):
                compiled[0] = True

    def port(x):
        return keep("y", Traced() if compiled[0] else x)

    monkeypatch.setitem(sys.modules, "jax", Jax)
    found = FunctionPort(port, EDVR).values({"x": X}, "mine")
    assert found["y"].tolist() == X.tolist() and "jax.disable_jit()" in found.notes[0] and compiled[0]
    monkeypatch.delitem(sys.modules, "jax")
    with pytest.raises(TracedError, match="without numbers: abstract"):
        FunctionPort(port, EDVR).values({"x": X}, "mine")


# modules of PyTorch

class Net(torch.nn.Module):
    """A layer that runs twice, one with two answers, one whose answer is an index."""

    def __init__(self):
        super().__init__()
        self.act, self.two, self.at = torch.nn.ReLU(), Two(), Largest()

    def forward(self, x):
        a, b = self.two(self.act(x))
        self.at(x)
        return keep("mine", self.act(a - 4)), b


class Two(torch.nn.Module):
    def forward(self, x):
        return x + 1, x * 2


class Largest(torch.nn.Module):
    def forward(self, x):
        return x.argmax(1)


def test_hooks_see_what_each_module_answers_and_are_gone_afterwards():
    net = Net().eval()
    found = port_of(net, EDVR).values({"x": X}, "mine")
    assert list(found) == ["act", "two", "act#1", "mine", "output", "output_state"]
    assert [found[name].tolist() for name in found] == [[[1, 0, 3]], [[2, 1, 4]], *[[[0, 0, 0]]] * 3, [[2, 0, 6]]]
    assert not found.notes and not any(module._forward_hooks for module in net.modules())

    def stop(*_):
        raise ValueError("stop")

    net.two.register_forward_pre_hook(stop)
    assert list(port_of(net, EDVR).values({"x": X}, "mine")) == ["act"]
    assert not any(module._forward_hooks for module in net.modules())


def test_only_what_is_a_module_is_hooked(monkeypatch):
    assert is_module(Net()) and not is_module(Net) and not is_module(np.zeros) and not is_module(None)
    assert isinstance(port_of(np.negative, EDVR), FunctionPort) and isinstance(port_of(Net(), EDVR), ModulePort)
    monkeypatch.delitem(sys.modules, "torch")   # who has not imported it has no module
    assert not is_module(Net())


def test_inputs_are_of_the_type_of_the_weights_and_nothing_is_put_on_a_tape():
    port = ModulePort(torch.nn.Linear(3, 2).double().eval(), EDVR)
    whole, real = port.tensors([np.arange(3), X])
    assert real.dtype == torch.float64 and whole.dtype == torch.int64
    assert ModulePort(torch.nn.ReLU().eval(), EDVR).tensors([X])[0].dtype == torch.float32
    assert port.tensors([torch.ones(3)])[0].dtype == torch.float64
    assert port.values_of([X], "mine")["output"].dtype == np.float64
    with pytest.raises(InputError, match="expected|stops"):
        port.values_of([np.arange(3)], "mine")


def test_a_module_that_changes_what_it_is_given_is_told():
    class Changes(torch.nn.Module):
        def forward(self, a, b):
            return a + b.mul_(2)

    given = Given("safa", {"image0": X, "image1": X})
    found = port_of(Changes().eval(), given).values_of([X, X.copy()], "mine")
    assert found.notes == ["your module changes input 1 in place: what it does again with it is another thing"]
    assert X.tolist() == [[1, -2, 3]]   # not in our own array


def test_wrappers_are_looked_into():
    net = Net().eval()
    port = ModulePort(torch.nn.DataParallel(net), EDVR)
    assert port.module is net and "of your DataParallel the module in it was run" in port.notes[0]
    compiled = torch.nn.Sequential().eval()
    compiled._orig_mod = net   # as torch.compile has it
    assert ModulePort(compiled, EDVR).module is net
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(torch.nn.ReLU(), torch.ones(3))
    with pytest.raises(InputError, match="a module of TorchScript takes no hooks"):
        port_of(traced, EDVR)


def test_a_norm_says_itself_whether_it_is_in_training_mode():
    held = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 3), torch.nn.BatchNorm2d(3)).eval()
    held.training = held[0].training = True   # a wrapper, which has a flag without any effect
    assert not ModulePort(held, EDVR).notes
    held[1].train()
    assert "training mode" in ModulePort(held, EDVR).notes[0]
    plain = torch.nn.ReLU()
    assert ModulePort(plain, EDVR).notes and not ModulePort(plain.eval(), EDVR).notes
