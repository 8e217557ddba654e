"""`refvr info`."""
import numpy as np

from refvr.cli.main import main


def test_of_this_machine_and_of_a_file(tmp_path, capsys):
    assert main(["info"]) == 0
    assert "numba" in capsys.readouterr().out
    np.save(tmp_path / "clip.npy", np.zeros((3, 5, 7, 3), np.float32))
    assert main(["info", str(tmp_path / "clip.npy")]) == 0
    out = capsys.readouterr().out
    assert "7" in out and "5" in out and "3" in out
    assert main(["info", str(tmp_path / "none.mp4")]) == 2
