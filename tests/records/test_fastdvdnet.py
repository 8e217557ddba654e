"""The record of FastDVDnet against its paper and code."""
import pytest
from record_facts import answer, published, restored

from refvr.checkpoints.releases import of_network
from refvr.errors import InputError
from refvr.records import NETWORKS, resolved

FASTDVDNET = NETWORKS["fastdvdnet"]


def test_two_published_files_of_one_network():
    assert published(FASTDVDNET) == {"fastdvdnet": (2_479_096, "model.pth"),      # buffers of norms are not counted
                                     "fastdvdnet-clipped": (2_479_096, "model_clipped_noise.pth")}
    assert {row.licence for row in FASTDVDNET.models.values()} == {"MIT"} and FASTDVDNET.tasks == ("denoise",)


def test_it_wants_to_be_told_the_level():
    assert restored(FASTDVDNET, sigma=25.0) == [(16, 24, 3)] * 2
    assert restored(FASTDVDNET, sigma=25.0, size=(9, 13)) == [(9, 13, 3)] * 2
    with pytest.raises(InputError, match="sigma"):
        restored(FASTDVDNET)
    assert resolved(FASTDVDNET.driver).needs == ("sigma",)


def test_its_call():
    """Five frames and one map of the level for all of them; the middle frame comes out."""
    assert FASTDVDNET.vector.arrays == {"x": (1, 5, 12, 20, 3), "noise_map": (1, 12, 20, 1)}
    assert (FASTDVDNET.call.map_channels, FASTDVDNET.call.map_by_frame) == (1, False)
    assert answer(FASTDVDNET).shape == (1, 12, 20, 3)


def test_names_and_training():
    (release,) = of_network("fastdvdnet")
    assert release.our_name("module.temp1.inc.convblock.0.weight") == release.our_name("temp1.inc.convblock.0.weight")
    assert FASTDVDNET.objective is None and not FASTDVDNET.recipes      # nothing here trains it
    assert FASTDVDNET.race.trained == ("fastdvdnet",)                   # but its steps are timed
