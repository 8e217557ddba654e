"""Where the time goes: clocks and operations are made by hand, so that shares and rates are known."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
from command_lines import one_line

from refvr.bench import stages
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.nn import Module, note
from refvr.nn.layers import Conv2d, ConvTranspose2d


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now

    def takes(self, seconds):
        """A call of so many seconds after the other."""
        left = iter(seconds)

        def call():
            self.now += next(left)

        return call


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(stages, "time", made)
    return made


def test_the_best_of_each_in_turn_without_the_first(clock):
    """The first turn warms up: its times do not count, however short."""
    order = []

    def noted(name, call):
        return lambda: (order.append(name), call())

    calls = [noted("a", clock.takes([1, 7, 5, 6])), noted("b", clock.takes([9, 2, 3, 4]))]
    assert stages._best_in_turn(calls, 3) == [5, 2] and "".join(order) == "abababab"
    for repeats in (0, -1):
        with pytest.raises(InputError, match=f"repeats: got {repeats}, expected at least 1"):
            stages._best_in_turn(calls, repeats)


class Net(Module):
    """A convolution, and one that enlarges."""

    def __init__(self):
        self.conv = Conv2d(3, 4, 3)
        self.up = ConvTranspose2d(4, 2)


def test_time_counts_for_the_name_that_comes_next_and_operations_by_hand(clock):
    """Steps of a recurrence are added up; a kernel that enlarges by 2 has a quarter of its taps at each pixel."""
    net = Net()
    seen = np.zeros((1, 5, 7, 4), np.float32)
    large = np.zeros((1, 10, 14, 2), np.float32)

    def run():
        for seconds, name, value in ((1, "frame0.conv", seen), (2, "frame1.conv", seen), (4, "up", large),
                                     (8, "step3.head.last.output", seen)):
            clock.now += seconds
            note(name, value)

    seconds, operations = stages._by_stage(net, run)
    assert dict(seconds) == {"conv": 3, "up": 4, "head.last": 8}
    k = net.up.weight.shape[0]
    assert dict(operations) == {"conv": 2 * (2 * 5 * 7 * 4 * 9 * 3), "up": 2 * 10 * 14 * 2 * k * k * 4 / 4}


def test_single_convolutions_have_their_rate_and_their_ratio(clock, monkeypatch):
    """2 h w k^2 c_in / groups c_out operations, fewer with a stride; ours takes 2 s here, the peer's 8."""
    monkeypatch.setattr(stages, "CONVOLUTIONS", {"whole": (6, 8, 4, 2, 3, 1, 1), "half": (6, 8, 4, 2, 3, 2, 1),
                                                 "depthwise": (6, 8, 4, 4, 5, 1, 4)})
    monkeypatch.setattr(stages, "_torch", lambda: "torch")
    monkeypatch.setattr(stages, "_torch_conv2d", lambda *given: clock.takes([8] * 9))
    monkeypatch.setattr(stages, "_bench_deformable", lambda repeats, peer: (repeats, peer))
    right = stages.ops.conv2d

    def slow(*given, **options):
        clock.now += 2
        return right(*given, **options)

    monkeypatch.setattr(stages, "ops", SimpleNamespace(conv2d=slow))
    *found, deformable = stages.bench_convolutions(2, "peer")
    flops = [2 * 6 * 8 * 2 * 9 * 4, 2 * 3 * 4 * 2 * 9 * 4, 2 * 6 * 8 * 4 * 25]
    for one, name, flop in zip(found, ("whole", "half", "depthwise"), flops):
        assert (one.name, one.size, one.ms, one.torch_ms, one.ratio) == (name, "8x6", 2000, 8000, 0.25)
        assert one.gflops == pytest.approx(flop / 2 / 1e9)
    assert deformable == (2, "peer")
    monkeypatch.setattr(stages, "_torch", lambda: None)
    alone, *_ = stages.bench_convolutions(1)
    assert alone.ms == 2000 and alone.torch_ms is None and alone.ratio is None


def test_the_deformable_convolution_is_raced_against_onnx_runtime(clock, monkeypatch):
    asked = []
    monkeypatch.setattr(stages, "ops", SimpleNamespace(thread_count=lambda: 3, deform_conv2d=lambda *given: (
        asked.append([x.shape for x in given]), clock.takes([4])())))
    found = stages._bench_deformable(1, lambda *given: (asked.append(given[-1]), clock.takes([8] * 2))[1])
    assert asked[0] == 3 and asked[1] == [(1, 180, 320, 64), (1, 180, 320, 144), (1, 180, 320, 72), (3, 3, 64, 64)]
    assert (found.ms, found.onnx_ms, found.ratio, found.torch_ms) == (4000, 8000, 0.5, None)
    assert found.gflops == pytest.approx(2 * 180 * 320 * 9 * 64 * 64 / 4 / 1e9) and found.size == "320x180"
    alone = stages._bench_deformable(1, None)
    assert alone.ratio is None and alone.onnx_ms is None


def test_a_network_is_its_stages(clock, monkeypatch):
    """Ten frames in 5 s; the stages of one run by their shares, the longest first."""
    net = SimpleNamespace(init=lambda rng: net)
    monkeypatch.setattr(stages.zoo, "build", lambda name: net)
    monkeypatch.setattr(stages, "_name_modules", lambda given: None)
    monkeypatch.setattr(stages, "takes_sigma", lambda given: True)
    given = []

    def restored(clip, net, *, sigma):
        given.append((len(clip), clip[0].shape, sigma))
        clock.now += 5
        return iter(())

    monkeypatch.setattr(stages, "restore_frames", restored)
    by_stage = {"enter": 1.0, "body": 3.0}, {"enter": 2e9, "body": 8e9}
    monkeypatch.setattr(stages, "_by_stage", lambda net, run: by_stage)
    found = stages.bench_network("any", (8, 6), frames=10, repeats=2)
    assert given == [(10, (6, 8, 3), 25.0)] * 3
    assert (found.size, found.ms_per_frame, found.gflop_per_frame, found.gflops) == ("8x6", 500, 1.0, 2.0)
    body, enter = found.stages
    assert (body.name, body.ms, body.share, body.gflops) == ("body", 300, 0.75, pytest.approx(8 / 3))
    assert (enter.name, enter.ms, enter.share, enter.gflops) == ("enter", 100, 0.25, 2)


def test_pytorch_computes_the_same_convolution():
    torch = pytest.importorskip("torch", reason="the peer is PyTorch")
    rng = np.random.default_rng(0)
    x, bias = rng.standard_normal((1, 6, 8, 4), np.float32), rng.standard_normal(4, np.float32)
    weight = rng.standard_normal((3, 3, 2, 4), np.float32)
    theirs = stages._torch_conv2d(torch, x, weight, bias, 2, 2)().numpy()
    np.testing.assert_allclose(theirs.transpose(0, 2, 3, 1), stages.ops.conv2d(x, weight, bias, stride=2, groups=2),
                               atol=1e-5)


def test_bench_stages(capsys):
    command = ["bench", "--stages", "remonet-t3", "--size", "24x16", "--repeats", "1", "--threads", "1", "--json"]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["threads"] == 1
    network = report["networks"][0]
    assert sum(stage["share"] for stage in network["stages"]) == pytest.approx(1)
    # Counted by hand for one output pixel of the first and last layer of a T = 3 network alone: a lower bound.
    assert network["gflop_per_frame"] * 1e9 > 2 * 9 * 16 * (50 + 41) * 24 * 16
    one_line(capsys, main(["bench", "--stages", "nonet"]), "no model 'nonet'")
