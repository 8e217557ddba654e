"""The record of ReMoNet against its paper, its code and its page."""
import pytest
from record_facts import answer, published, restored, stated, tiny

from refvr import zoo
from refvr.records import NETWORKS, resolved

REMONET = NETWORKS["remonet"]


def test_parameters_of_the_official_configurations():
    """Recurrent: with the number of frames only the parts that fuse all of them change. No file is published."""
    counts = published(REMONET)
    assert counts["remonet"] == (809_449, "") and {file for _, file in counts.values()} == {""}
    assert {name: zoo.config(name).frames for name in counts} == {"remonet": 5, "remonet-t3": 3, "remonet-t7": 7}
    assert counts["remonet-t3"][0] < counts["remonet"][0] < counts["remonet-t7"][0]


@pytest.mark.parametrize("name, count", [("remonet-s", 1_967_060), ("remonet-s-told", 2_014_352)])
def test_ours(name, count):
    net = zoo.build(name)
    assert net.parameter_count() == count and net.config.plain and net.config.fold == 2      # docs/weights.md
    assert net.config.noise_map == name.endswith("told")
    assert zoo.recommended("denoise") == "remonet-s-told"


def test_a_driver_for_each_of_the_two():
    """Blind: windows of all frames, each answered; told: frame by frame, with the level, which may be measured."""
    blind, told = (resolved(REMONET.driver)(tiny(REMONET, noise_map=on)) for on in (False, True))
    assert blind.takes == ("official",) and blind.step(tiny(REMONET), {}) == 3
    assert "sigma" in told.takes and "sigma" not in told.needs
    assert restored(REMONET, frames=4) == [(16, 24, 3)] * 4


def test_its_call():
    """All frames of a window come out; a map has two channels, of every frame."""
    assert answer(REMONET).shape == (1, 3, 12, 20, 3) and REMONET.call.all_frames
    assert (REMONET.call.map_channels, REMONET.call.map_by_frame) == (2, True)


def test_frames_that_belong_together_in_a_race():
    assert REMONET.race.frames(zoo.config("remonet")) == 5                # a window that is answered at once
    assert REMONET.race.frames(zoo.config("remonet-s-told")) == 3         # without those at its ends


def test_recipes():
    assert stated("remonet", "networks", "batch", "patch", "lr") == (2, 12, 96, 8e-4)
    assert stated("remonet-s", "networks", "loss") == (1, "charbonnier")
    assert stated("remonet-s-told", "sigma", "loss") == ((0.0, 55.0), "psnr")
