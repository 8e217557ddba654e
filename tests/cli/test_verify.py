"""`refvr verify`."""
from places import GOLDEN

from refvr.cli.main import main


def test_a_case_that_passes_and_one_that_is_not_there(capsys, tmp_path):
    assert main(["verify", str(GOLDEN / "op_pixel_shuffle.h5")]) == 0
    assert "op_pixel_shuffle" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "none.h5")]) == 2
