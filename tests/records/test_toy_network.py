"""A network that nobody knows, with one record: everything that works with ours works with it."""
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from refvr import ops, records, zoo
from refvr.bench import race, subjects
from refvr.checkpoints import h5
from refvr.checkpoints.names import Release
from refvr.checkpoints.releases import of_network
from refvr.cli.main import main
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.pipeline.driver import Driver
from refvr.pipeline.edvr import centred_windows
from refvr.pipeline.frames import checked
from refvr.records import Model, Network, Page, Race, Vector, register
from refvr.records.record import SMALL_RUN
from refvr.train.objective import Objective, distance, mean_square
from refvr.train.objectives.enlarging import window_needs
from refvr.train.samplers import Smaller
from refvr.zoo.weights import load_file


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


def learned(networks, batch, recipe, vgg):
    small, large = batch
    y = networks[0](small)
    yield distance(y, large, recipe.loss), mean_square(y, large)


def thinned(clips, recipe, config, seed, scenes):
    return Smaller(clips, recipe, frames=config.frames, scale=2, seed=seed, shrunk=lambda large: large[:, ::2, ::2])


TOY = Network(
    name="toy",
    title="Toy",
    page=Toy,
    models={"toy": Model("toy", "sr", "nobody", "MIT", "made by a test", recommended=("sr x2",))},
    tasks=("sr",),
    driver=Driver(restored),
    objective=Objective("sr", window_needs, thinned, learned),
    recipes={"toy": SMALL_RUN | {"loss": "huber", "batch": 1, "patch": 2}},
    releases=[Release("toy", [(".head.0.", ".first."), (".head.1.", ".second.")])],
    explained=Page(mistakes=("pixel_shuffle.order_of_the_other_framework",)),
    race=Race({"toy": (16, 12)}, trained=("toy",)),
    vector=Vector({"width": 5}, {"x": (1, 3, 5, 7, 3)}),
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
    assert main(["plan", "toy", "--size", "16x12"]) == 0


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
    changes = [part for change in ("strides=[1]", "shrink=0") for part in ("--set", change)]
    assert main(["train", "toy", "--data", clip, "--out", str(tmp_path / "run"), "--steps", "2", *changes]) == 0
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


def test_official_weights(tmp_path):
    net = zoo.build("toy").init(np.random.default_rng(0))
    np.savez(tmp_path / "theirs.npz", **of_network("toy")[0].back(net.state()))
    state, _ = load_file(tmp_path / "theirs.npz", "toy")
    assert set(state) == set(net.state())
    assert all(np.array_equal(state[name], array) for name, array in net.state().items())


def test_score_and_recommended(clip, weights, tmp_path, capsys):
    assert zoo.recommended("sr", 2) == "toy"
    large = np.tile(np.load(clip), (1, 3, 3, 1))
    np.save(tmp_path / "large.npy", large)
    assert main(["score", "sr", str(tmp_path / "large.npy"), "--model", "toy", "--weights", weights, "--json"]) == 0
    assert "toy" in capsys.readouterr().out


def test_vectors(tmp_path):
    assert main(["vectors", "export", "-o", str(tmp_path / "vectors"), "--ops", "network_toy"]) == 0
    assert (tmp_path / "vectors" / "network_toy" / "vector.json").is_file()


def test_bench():
    assert [spec["model"] for spec in race.specs(threads=[1])][-1] == "toy"
    (spec,) = race.specs(["toy"], threads=[1])
    assert spec["size"] == [16, 12] and subjects.flop(spec) > 0
    net = zoo.build("toy").init(np.random.default_rng(0))
    assert subjects.Clip(net, spec).run() == subjects.Train(net, spec).run() == 1
