"""Progress: one line that is told anew, and nothing where a job is quick."""
from refvr.cli import progress as progress_module
from refvr.cli.progress import Progress


def test_lines_of_progress(capsys, monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now)
    with Progress("restoring") as progress:
        now += 30  # the first frame: kernels were compiled, which says nothing about the rate
        progress(1, 20)
        for done in range(2, 15):
            now += 3
            progress(done, 20)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "restoring: 1 of 20 frames"
    assert lines[1] == "restoring: 5 of 20 frames, 0.33 frames/s, 0:45 left"
    assert len(lines) == 4


def test_quick_jobs_are_silent(capsys):
    with Progress("restoring") as progress:
        for done in range(100):
            progress(done, 100)
    assert capsys.readouterr().err == ""
