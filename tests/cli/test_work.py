"""`refvr work`."""
import numpy as np

from refvr.cli.main import main


def test_operands_of_a_file(tmp_path, capsys):
    np.savez(tmp_path / "in.npz", x=np.arange(12.0).reshape(1, 3, 4, 1), flow_px=np.full((1, 3, 4, 2), 0.5))
    assert main(["work", "warp", "--inputs", str(tmp_path / "in.npz"), "--at", "1,1"]) == 0
    assert "operation's own answer" in capsys.readouterr().out
    assert main(["work", "conv2d", "--at", "1,1"]) == 2
