"""Folders of runs."""
import os
import tempfile
import time

from refvr.pipeline.film.scratch import LOCK, scratch


def test_it_is_there_during_the_run_only(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old = tmp_path / "refvr-workers-old"
    old.mkdir()
    (old / LOCK).touch()
    os.utime(old / LOCK, (time.time() - 3600,) * 2)    # of a run that was killed
    with scratch() as folder:
        assert folder.is_dir() and folder.parent == tmp_path
        with scratch() as other:                # of another run: lives
            assert other != folder and folder.is_dir()
    assert list(tmp_path.iterdir()) == []
