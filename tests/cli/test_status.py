"""`refvr status` where there is nothing to tell."""
from refvr.cli.main import main


def test_no_run_is_one_line(tmp_path, capsys):
    assert main(["status", str(tmp_path / "out.mp4")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("refvr: ") and err.count("\n") == 1
