"""The record of SAFA against its paper, its code and its page."""
from record_facts import answer, ordered, published, restored, stated

from refvr import zoo
from refvr.checkpoints.releases import of_network
from refvr.records import NETWORKS

SAFA = NETWORKS["safa"]


def test_the_published_network():
    assert published(SAFA) == {"safa": (4_941_442, "flownet.pkl")} and SAFA.models["safa"].licence == "MIT"
    assert zoo.build("safa", channels=16).parameter_count() == 867_138


def test_ours():
    for name in ("safa-s", "safa-s-moved"):
        assert zoo.build(name).parameter_count() == 232_810             # docs/weights.md
        assert zoo.config(name).motion == name.endswith("moved")
    assert zoo.recommended("spacetime") == "safa-s-moved" and SAFA.tasks == ("spacetime",)


def test_the_driver_makes_frames_between_frames():
    """Four times larger and twice as many a second: one more between each two, and the last alone."""
    assert restored(SAFA, frames=3, size=(8, 8), rate=2) == [(32, 32, 3)] * 5


def test_its_call():
    """Two enlarged frames and times between them; it answers frames at these, and probabilities of its routes."""
    found = answer(SAFA)
    assert found.frames.shape == (1, 2, 24, 40, 3) and found.probabilities.shape[-1] == 2
    assert SAFA.call.times and SAFA.call.enlarged == 4 and SAFA.call.images == ("image0", "image1")
    assert SAFA.call.official == {"image0": "img0", "image1": "img1"} and SAFA.race.frames(None) == 2


def test_blue_first():
    """Its authors have blue, green, red: in pictures, and in what becomes 2 x 2 pixels of them."""
    assert SAFA.call.blue_first
    for name in ("warped0", "warped1", "decoder", "output"):
        assert ordered(SAFA, name, 3) == [2, 1, 0]
    assert ordered(SAFA, "decoder.out", 12) == [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]
    assert ordered(SAFA, "pair", 3) is None


def test_releases_and_recipes():
    assert [one.name for one in of_network("safa")] == ["safa"]
    assert stated("safa", "lr", "floor", "warmup", "weight_decay", "clip_norm", "loss") == (
        2e-4, 2e-6, 2000, 1e-4, 1.0, "l1")
    assert stated("safa", "batch", "patch", "steps") == (24, 32, 300_000)
    assert stated("safa-s", "interval", "routing", "loss") == stated("safa-s-moved", "interval", "routing", "loss") == (
        2, "threshold", "psnr")
