"""The record of DUF against its paper, its code and its page."""
import re

import pytest
from record_facts import answer, ordered, published, restored, stated, tiny

from refvr import trace, zoo
from refvr.checkpoints.releases import of_network
from refvr.records import NETWORKS

DUF = NETWORKS["duf"]


def test_parameters_and_files_of_every_published_network():
    assert published(DUF) == {
        "duf-16-x2": (1_737_488, "params_16L_x2.h5"), "duf-16-x3": (1_805_468, "params_16L_x3.h5"),
        "duf-16-x4": (1_900_640, "params_16L_x4.h5"), "duf-28-x4": (2_118_432, "params_28L_x4.h5"),
        "duf-52-x4": (5_821_952, "params_52L_x4.h5")}


@pytest.mark.parametrize("name", DUF.models)
def test_names_say_layers_and_scale(name):
    """L layers are conv1, two in each of n blocks and of three that drop frames, and three after them: 2 n + 10."""
    config, row = zoo.config(name), DUF.models[name]
    layers, scale = re.fullmatch(r"duf-(\d+|s)-x(\d)", name).groups()
    said = layers if layers != "s" else re.search(r"small: (\d+) layers", row.note)[1]
    assert 2 * config.blocks + 10 == int(said) and config.scale == int(scale)
    assert row.licence.startswith("MIT") == bool(row.weights)      # the authors' code states none


def test_the_driver_enlarges_every_frame():
    assert restored(DUF) == [(32, 48, 3)] * 2
    assert restored(DUF, official=True) == [(32, 48, 3)] * 2
    assert DUF.corners                                             # small pixel i lies on large pixel s i


def test_its_call():
    """A window of seven frames, called lr by its authors; values between are volumes over frames."""
    assert DUF.call.official == {"x": "lr"} and DUF.call.volumes and DUF.call.results == ("output",)
    with trace() as seen:
        assert answer(DUF).shape == (1, 10, 22, 3)
    assert seen["conv1"].shape[:4] == (1, 7, 5, 11)


def test_channels_of_the_residual():
    """BasicSR has all places of a colour together, TensorFlow and we all colours of a place."""
    assert ordered(DUF, "residual2", 12) == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    assert ordered(DUF, "filters2", 12) is None


def test_releases_and_recipes():
    assert [one.name for one in of_network("duf")] == ["duf", "duf-basicsr"]
    assert [one.file for one in of_network("duf")] == [".h5", ".pth"]
    assert stated("duf", "batch", "patch", "lr", "loss") == (16, 32, 1e-3, "huber")
    assert stated("duf", "strides", "reverse", "augment") == ((1.0, 1.0, 1.0), True, "none")
    assert stated("duf-s-x2", "loss") == ("huber",) and zoo.recommended("sr", 2) == "duf-s-x2"
    assert DUF.tasks == ("sr",) and tiny(DUF).config.frames == 7
