"""Models by name."""
import pytest

from refvr import zoo
from refvr.errors import InputError, WeightsError


def test_names_rows_and_options():
    assert zoo.row_of("edvr-s-x4").task == "sr" and zoo.config("duf-s-x2").scale == 2
    assert zoo.names_for("denoise")[0] == "remonet-s" and "fastdvdnet" in zoo.names_for("denoise")
    for call in (lambda: zoo.row_of("nonet"), lambda: zoo.config("remonet", width=3),
                 lambda: zoo.recommended("colour")):
        with pytest.raises(InputError):
            call()


def test_one_model_for_every_task_and_scale_that_is_asked_for():
    assert {purpose.split()[0] for purpose in zoo.purposes()} == {"denoise", "sr", "deblur", "spacetime"}
    assert zoo.recommended("sr", 4) == zoo.recommended("sr") != zoo.recommended("sr", real=True)
    assert zoo.recommended("denoise", 4) == zoo.recommended("denoise")    # only super-resolution has scales
    with pytest.raises(InputError, match="scales are: 2, 4"):
        zoo.recommended("sr", 3)


def test_options_of_older_files():
    assert zoo.build_network("stfan", {"gentle": True, "widths": [3, 5, 7]}).config.identity_init
    with pytest.raises(WeightsError, match="unknown network"):
        zoo.build_network("nonet", {})
    with pytest.raises(WeightsError, match="damaged"):
        zoo.build_network("stfan", {"widths": "abc"})


@pytest.mark.parametrize("options", [{"widths": (1,)}, {"widths": "x"}, {"widths": None}, {"k": "a"}])
def test_values_of_options_that_make_no_network_are_refused_in_one_line(options):
    with pytest.raises(InputError, match="no stfan has the options") as caught:
        zoo.build("stfan", **options)
    assert "\n" not in caught.value.message and "widths=(32, 64, 128)" in caught.value.fix
