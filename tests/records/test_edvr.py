"""The record of EDVR against BasicSR's model zoo and training files."""
import pytest
from record_facts import answer, published, restored, stated

from refvr import zoo
from refvr.checkpoints.releases import of_network
from refvr.records import NETWORKS

EDVR = NETWORKS["edvr"]


def test_parameters_of_every_published_network():
    assert {name: count for name, (count, _) in published(EDVR).items()} == {
        "edvr-m-x4": 3_300_131, "edvr-m-notsa-x4": 2_996_259, "edvr-l-x4": 20_633_827, "edvr-l-vimeo-x4": 20_699_363,
        "edvr-l-blur-x4": 23_306_851, "edvr-l-deblur": 23_602_019, "edvr-l-deblurcomp": 23_602_019,
        "edvr-stage2": 15_025_635, "edvr-stage2-blur": 17_698_659, "edvr-stage2-deblur": 17_698_659,
        "edvr-stage2-deblurcomp": 17_698_659}


def test_files_of_every_published_network():
    """BasicSR's names say width, attention, task and data; the second stages are of the first repository."""
    files = {name: file for name, (_, file) in published(EDVR).items()}
    assert files["edvr-m-x4"].startswith("EDVR_M_x4_SR_REDS_official-")
    assert files["edvr-m-notsa-x4"].startswith("EDVR_M_woTSA_x4_SR_REDS_official-")
    assert files["edvr-l-vimeo-x4"].startswith("EDVR_L_x4_SR_Vimeo90K_official-")
    assert files["edvr-l-blur-x4"].startswith("EDVR_L_x4_SRblur_REDS_official-")
    assert files["edvr-stage2-blur"] == "EDVR_REDS_SRblur_Stage2.pth"
    assert len(set(files.values())) == len(files)
    for name, file in files.items():
        assert EDVR.models[name].where == ("xinntao/EDVR, branch old_version" if "stage2" in name else
                                           "BasicSR's model zoo") and file.endswith(".pth")


@pytest.mark.parametrize("name, task, options", [
    ("edvr-m-x4", "sr", {"frames": 5, "features": 64, "reconstruct_blocks": 10, "tsa": True, "predeblur": False}),
    ("edvr-m-notsa-x4", "sr", {"features": 64, "tsa": False}),
    ("edvr-l-x4", "sr", {"features": 128, "reconstruct_blocks": 40, "hr_in": False, "border": "reflection_circle"}),
    ("edvr-l-vimeo-x4", "sr", {"frames": 7, "features": 128, "reconstruct_blocks": 40}),
    ("edvr-l-blur-x4", "sr", {"predeblur": True, "hr_in": False, "border": "replicate"}),
    ("edvr-l-deblur", "deblur", {"predeblur": True, "hr_in": True, "border": "replicate"}),
    ("edvr-stage2", "refine", {"features": 128, "reconstruct_blocks": 20, "hr_in": True, "predeblur": False}),
    ("edvr-stage2-deblurcomp", "refine", {"reconstruct_blocks": 20, "predeblur": True, "border": "replicate"})])
def test_what_the_rows_are(name, task, options):
    config = zoo.config(name)
    assert {key: getattr(config, key) for key in options} == options and EDVR.models[name].task == task
    assert zoo.build(name).config.scale == (1 if config.hr_in else 4)


def test_ours_are_small_and_taken_where_no_model_is_named():
    assert zoo.recommended("sr") == zoo.recommended("sr", 4) == "edvr-s-x4"
    assert zoo.recommended("sr", real=True) == zoo.recommended("sr", 4, real=True) == "edvr-s-x4-real"
    assert zoo.build("edvr-s-x4").parameter_count() == 183_723      # docs/weights.md
    assert zoo.config("edvr-s-x4") == zoo.config("edvr-s-x4-real")


def test_the_driver_and_the_call():
    assert restored(EDVR) == restored(EDVR, ensemble=True) == [(64, 96, 3)] * 2
    assert restored(EDVR, size=(9, 13)) == [(36, 52, 3)] * 2        # any size, though the network wants multiples of 4
    assert answer(EDVR).shape == (1, 48, 80, 3) and EDVR.call.results == ("output",) and not EDVR.orders


def test_releases_and_recipes():
    assert [one.name for one in of_network("edvr")] == ["edvr", "edvr-2019", "edvr-2019-hr", "edvr-mmagic"]
    assert stated("edvr", "batch", "patch", "lr", "betas", "steps") == (32, 64, 4e-4, (0.9, 0.99), 600_000)
    assert stated("edvr", "floor", "loss", "average") == (1e-7, "charbonnier_sum", 0.999)
    assert [round(600_000 * period) for period in stated("edvr", "periods")[0]] == [50_000, 100_000, *[150_000] * 3]
    assert stated("edvr", "factors") == ((1.0,) * 5,) and stated("edvr-l-x4", "factors") == ((1.0, *(0.5,) * 4),)
    assert stated("edvr-s-x4-real", "footage", "loss") == (1.0, "psnr") and stated("edvr-s-x4", "footage") == (0.0,)
