"""A network that nobody knows, with one record: everything that works with ours works with it."""
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from refvr import ops, records, zoo
from refvr.checkpoints import h5
from refvr.cli.main import main
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.pipeline.driver import Driver
from refvr.pipeline.edvr import centred_windows
from refvr.pipeline.frames import checked
from refvr.records import Model, Network, Page, register


@dataclass(frozen=True)
class Config:
    """Numbers that make one."""

    width: int = 4
    frames = 3
    scale = 2
    multiple = 1


class Toy(Module):
    """The middle of three frames and its neighbours, enlarged twice by two convolutions."""

    def __init__(self, config=Config()):
        self.config = config
        self.first, self.second = Conv2d(9, config.width, 3, activation="relu"), Conv2d(config.width, 12, 3)
        self.name_parts()

    def forward(self, x):
        """(n, 3, h, w, 3) -> (n, 2h, 2w, 3)."""
        x = self.first(ops.concat(*(x[:, k] for k in range(3))))        # (n, h, w, 9) -> (n, h, w, width)
        return ops.pixel_shuffle(self.second(x), 2)


def restored(net, frames, *, start=0):
    for indices, held in centred_windows(checked(frames, net), 3, "replicate", start):
        yield net(np.stack([held[k] for k in indices])[None])[0]


TOY = Network(
    name="toy",
    title="Toy",
    page=Toy,
    models={"toy": Model("toy", "sr", "nobody", "MIT", "made by a test")},
    tasks=("sr",),
    driver=Driver(restored),
    objective="train.objectives:DUF",
    recipe="duf-s-x2",
    explained=Page(mistakes=("pixel_shuffle.order_of_the_other_framework",)),
)


@pytest.fixture(autouse=True)
def known():
    before = dict(records.NETWORKS), dict(records.MODELS)
    register(TOY)
    yield
    for table, rows in zip((records.NETWORKS, records.MODELS), before):
        table.clear()
        table.update(rows)


@pytest.fixture
def weights(tmp_path):
    net = zoo.build("toy").init(np.random.default_rng(0))
    h5.save(tmp_path / "toy.h5", net.state(), {"network": "toy", "config": asdict(net.config)})
    return str(tmp_path / "toy.h5")


@pytest.fixture
def clip(tmp_path):
    smooth = np.add.outer(np.arange(12), np.arange(16)) % 7 / 7
    np.save(tmp_path / "clip.npy", np.stack([np.stack([np.roll(smooth, k, 1)] * 3, -1) for k in range(5)]).astype("f4"))
    return str(tmp_path / "clip.npy")


def test_restore(clip, weights, tmp_path):
    assert main(["restore", clip, str(tmp_path / "out.npy"), "--model", "toy", "--weights", weights]) == 0
    assert np.load(tmp_path / "out.npy").shape == (5, 24, 32, 3)
    assert main(["plan", "toy", "--weights", weights, "--size", "16x12"]) == 0


def test_trace_and_compare(clip, weights, tmp_path, capsys):
    trace = str(tmp_path / "trace.h5")
    assert main(["trace", "toy", clip, "--weights", weights, "--frame", "1", "-o", trace]) == 0
    net, x = zoo.load("toy", weights), np.load(clip)[None, :3]
    values = {"first": net.first(ops.concat(*(x[:, k] for k in range(3))))}
    values["second"] = net.second(values["first"])
    values["output"] = ops.pixel_shuffle(values["second"], 2)
    np.savez(tmp_path / "port.npz", **{name: np.moveaxis(value, -1, 1) for name, value in values.items()})
    assert main(["compare", trace, str(tmp_path / "port.npz")]) == 0
    values["output"] = ops.pixel_shuffle(values["second"], 2, "tf")   # a mistake of the catalogue
    np.savez(tmp_path / "port.npz", **{name: np.moveaxis(value, -1, 1) for name, value in values.items()})
    capsys.readouterr()
    assert main(["compare", trace, str(tmp_path / "port.npz"), "--isolate"]) == 1
    assert "first guilty layer: output" in capsys.readouterr().out


def test_train(clip, tmp_path):
    changes = [part for change in ("scenes=0", "strides=[1]", "shrink=0") for part in ("--set", change)]
    assert main(["train", "toy", "--data", clip, "--out", str(tmp_path / "run"), "--steps", "2", "--batch", "1",
                 "--patch", "2", *changes]) == 0
    assert zoo.load("toy", tmp_path / "run" / "weights.h5").config == Config()


def test_explain(clip, weights, tmp_path):
    page = tmp_path / "page.html"
    assert main(["explain", clip, "--model", "toy", "--weights", weights, "--frame", "1", "-o", str(page)]) == 0
    assert "order_of_the_other_framework" in page.read_text()


def test_export(clip, weights, tmp_path):
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package)
    assert main(["export", "toy", "--weights", weights, "--size", "16x12", "-o", str(tmp_path / "toy.onnx"),
                 "--check"]) == 0
