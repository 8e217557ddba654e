"""refvr.compare: ports in this process, modules that are hooked, functions that keep values, dictionaries."""
import warnings

import numpy as np
import pytest

import refvr
from refvr import ops
from refvr.errors import InputError, WeightsError
from refvr.verify.runs.trace_file import write_trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import compare_ports
import torch_peers

NETWORKS = ["stfan", "duf", *(pytest.param(name, marks=pytest.mark.long)
                              for name in ("edvr", "fastdvdnet", "remonet", "safa"))]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    with ops.threads(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)   # PyTorch's, about TorchScript
        yield


@pytest.fixture
def stfan():
    given = compare_ports.subject("stfan")
    return given, torch_peers.from_refvr(given.net), compare_ports.arguments(given)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_module_hooks_itself_and_lets_go(network):
    given = compare_ports.subject(network)
    peer, args = torch_peers.from_refvr(given.net), compare_ports.arguments(given)
    report = refvr.compare(given, peer)
    report.assert_healthy()
    assert len(report.rows) > 0.7 * report.names
    assert not any(module._forward_hooks for module in peer.modules())
    refvr.compare(given.net, peer, *args).assert_healthy()   # the reference is given what the port is


@pytest.mark.parametrize("mistake", [
    "no activation", "bias left out", *(pytest.param(mistake, marks=pytest.mark.long)
                                        for mistake in ("border repeated", "eps of batch norm"))])
def test_a_mistake_fails_with_the_report(mistake):
    network, plant, end = compare_ports.MISTAKES[mistake]
    given = compare_ports.subject(network)
    peer = torch_peers.from_refvr(given.net)
    plant(peer)
    report = refvr.compare(given, peer)
    with pytest.raises(AssertionError, match=f"(?s)first guilty layer: \\S*{end}.*own error"):
        report.assert_healthy()


def test_the_mistake_is_named_where_there_is_time_for_it(stfan):
    given, peer, args = stfan
    compare_ports.MISTAKES["no activation"][1](peer)
    report = refvr.compare(given.net, peer, *args, seconds=20)
    assert report.guilty.diagnosis.explained and "equals the reference with" in str(report)


def test_a_function_keeps_values_and_gets_arrays(stfan):
    given, peer, _ = stfan
    shapes = []

    def port(frame, previous, restored, state):
        shapes.append(frame.shape)
        hook = peer.conv1_1.register_forward_hook(lambda module, args, y: refvr.keep("conv1_1", y))
        with torch.no_grad():
            y, state = peer(*(torch.from_numpy(x) for x in (frame, previous, restored, state)))
        hook.remove()
        return y.numpy(), state.numpy()

    report = refvr.compare(given, port)
    report.assert_healthy()
    assert {"encode.full.enter", "output", "output_state"} <= {row.name for row in report.rows}
    assert (1, 3, 16, 24) in shapes
    assert refvr.keep("anything", shapes) is shapes   # nobody listens


def test_a_dictionary_is_a_port_too(stfan):
    given, peer, args = stfan
    with torch.no_grad():
        y, _ = peer(*args)
    refvr.compare(given, {"output": y, "name": np.array("a text")}).assert_healthy()
    with pytest.raises(AssertionError, match="first guilty layer: output"):
        refvr.compare(given, {"output": y.numpy() * 1.01}).assert_healthy()
    with pytest.raises(InputError, match="no real numbers"):
        refvr.compare(given, {"name": np.array("a text")})


def test_whole_numbers_of_a_dictionary_are_judged_as_those_of_a_file(stfan):
    given = stfan[0]
    output = np.zeros((1, 16, 24, 3), np.uint8)
    report = refvr.compare(given, {"output": output})
    assert report.healthy is False and report.guilty.name == "output" and not report.last


def test_what_was_never_judged_is_not_healthy(stfan):
    given, peer, args = stfan
    report = refvr.compare(given, {"conv1_1": peer.conv1_1(args[0])})
    assert report.healthy is None and "no guilty layer" in str(report)
    with pytest.raises(AssertionError, match="what follows was not judged"):
        report.assert_healthy()


def test_a_trace_file_is_a_reference_and_a_file_is_a_port(stfan, tmp_path):
    given, peer, args = stfan
    write_trace(given, tmp_path / "ours.h5")
    refvr.compare(tmp_path / "ours.h5", peer).assert_healthy()
    with torch.no_grad():
        np.save(tmp_path / "output.npy", peer(*args)[0].numpy())
    refvr.compare(given, tmp_path / "output.npy").assert_healthy()


def test_a_model_without_weights_of_its_own_gets_those_of_the_port():
    torch.manual_seed(0)
    peer = torch_peers.build("fastdvdnet")
    refvr.compare("fastdvdnet", peer, source="scene:16x16", sigma=25).assert_healthy()
    with pytest.raises(WeightsError, match="those of the port are not its"):
        refvr.compare("fastdvdnet", torch.nn.Conv2d(3, 3, 3), source="scene:16x16", sigma=25)
    assert "scene:16x16, frame 2, sigma 25" in str(refvr.compare("fastdvdnet", peer, source="scene:16x16"))
    with pytest.raises(InputError, match="noise level"):   # of values alone nobody knows what they were told
        refvr.compare("remonet-s-told", {"output": np.zeros((1, 1))})


def test_of_a_port_that_raises_what_came_before_is_compared(stfan):
    given, peer, args = stfan
    peer.conv2_1.register_forward_hook(lambda *_: 1 / 0)
    report = refvr.compare(given.net, peer, *args)
    assert report.healthy is None and "ZeroDivisionError" in report.stopped and report.rows
    with pytest.raises(AssertionError, match="your program stops half way"):
        report.assert_healthy()
    with pytest.raises(InputError, match="before anything is computed.*no such thing"):
        refvr.compare(given, lambda *args: (_ for _ in ()).throw(KeyError("no such thing")))


def test_modules_that_cannot_be_hooked_as_they_are(stfan):
    given, peer, args = stfan
    report = refvr.compare(given, torch.nn.DataParallel(peer))
    report.assert_healthy()
    assert "DataParallel" in str(report)
    report = refvr.compare(given.net, torch.compile(peer), *args)
    report.assert_healthy()
    assert "OptimizedModule" in str(report)
    with pytest.raises(InputError, match="TorchScript takes no hooks"):
        refvr.compare(given, torch.jit.trace(peer, args, check_trace=False))
    assert "training mode" in str(refvr.compare(given, peer.train()))


def test_a_module_that_changes_its_input_is_told(stfan):
    given, peer, args = stfan
    peer.conv1_1.register_forward_pre_hook(lambda module, inputs: (inputs[0].mul_(0.5),))
    report = refvr.compare(given.net, peer, *args)
    assert report.guilty and "changes input 0 in place" in str(report)


@pytest.mark.parametrize("reference, port, inputs, words", [
    (3, lambda x: x, (), "reference of type int"), ("edvr-s-x4", 3, (), "port of type int"),
    ("edvr-s-x4", lambda x: x, (np.zeros((1, 3, 5, 8, 8)),), r"expected \(n, 3, 3, h, w\)"),
    ("edvr-s-x4", lambda x: x, (np.zeros((2, 2)),) * 2, "at most 1: x"), ("no-such", lambda x: x, (), "no model")])
def test_what_cannot_be_compared_is_said(reference, port, inputs, words):
    with pytest.raises(InputError, match=words):
        refvr.compare(reference, port, *inputs)


def test_an_option_that_nobody_knows_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="compare: got the option 'wieghts'.*did you mean 'weights'"):
        refvr.compare("edvr-s-x4", {}, wieghts="x.pth")
