"""One process at a time."""
import os
import subprocess
import sys

from refvr.media.lock import lock, owner, unlock

OTHER = ("import sys; from pathlib import Path; from refvr.media.lock import lock; "
         "sys.exit(lock(Path(sys.argv[1])) is None)")


def test_another_process_has_to_wait_and_knows_for_whom(tmp_path):
    path = tmp_path / "lock"
    mine = lock(path)
    assert owner(path) == f"process {os.getpid()}"
    assert subprocess.run([sys.executable, "-c", OTHER, str(path)]).returncode == 1
    unlock(mine)
    assert subprocess.run([sys.executable, "-c", OTHER, str(path)]).returncode == 0


def test_an_owner_that_cannot_be_told(tmp_path):
    assert owner(tmp_path / "none") == "another process"
    (tmp_path / "lock").write_text("nobody")
    assert owner(tmp_path / "lock") == "another process"
