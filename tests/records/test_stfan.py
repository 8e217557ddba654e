"""The record of STFAN against its paper, its code and its page."""
import numpy as np
from record_facts import answer, ordered, published, restored, stated

from refvr import zoo
from refvr.checkpoints.releases import of_network
from refvr.records import NETWORKS, resolved

STFAN = NETWORKS["stfan"]


def test_the_published_network():
    assert published(STFAN) == {"stfan": (5_372_547, "best-ckpt.pth.tar")}    # "5.37 M" in the paper
    assert "31.24 dB / 0.934" in STFAN.models["stfan"].score and STFAN.models["stfan"].licence == "MIT"


def test_ours():
    assert zoo.build("stfan-s").parameter_count() == 847_043                  # docs/weights.md
    assert zoo.recommended("deblur") == "stfan-s" and STFAN.tasks == ("deblur",)


def test_the_driver_carries_a_state():
    assert restored(STFAN) == [(16, 24, 3)] * 2 and restored(STFAN, size=(9, 13)) == [(9, 13, 3)] * 2
    assert resolved(STFAN.driver).carries


def test_its_call():
    """A frame, the one before it, that one restored, and a state, which is answered anew."""
    picture, state = answer(STFAN)
    assert picture.shape == (1, 12, 20, 3) and state.shape == (1, 3, 5, 20)    # a quarter of the size, twice 10 wide
    assert STFAN.call.results == ("output", "output_state") and STFAN.call.images == ("frame", "previous", "restored")
    assert STFAN.call.official == {"frame": "img_blur", "previous": "last_img_blur", "restored": "output_last_img",
                                   "state": "output_last_fea"}


def test_channels_of_the_filters():
    """Ours are tap after tap, theirs channel after channel: of 2 channels, tap 0 of both, tap 1 of both ..."""
    order = ordered(STFAN, "align.filters", 50)
    assert order[:6] == [0, 25, 1, 26, 2, 27] and sorted(order) == list(range(50))
    assert ordered(STFAN, "carry", 50) is None


def test_releases_and_recipes():
    """400 epochs of 277 sequences of 20 frames; the rate falls to a tenth after 80, 160 and 250 of them."""
    assert [one.name for one in of_network("stfan")] == ["stfan"]
    assert stated("stfan", "batch", "sequence", "patch", "lr", "percept") == (1, 20, 320, 1e-4, 0.01)
    assert stated("stfan", "steps") == (400 * 277,)
    assert np.round(np.multiply(stated("stfan", "falls")[0], 400)).tolist() == [79, 159, 249]
    assert stated("stfan-s", "loss", "sequence") == ("psnr", 4)
