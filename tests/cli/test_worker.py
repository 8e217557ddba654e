"""`refvr worker`: what it says before dask has the word."""
import subprocess

import pytest

from refvr.cli import worker
from refvr.cli.main import main
from refvr.pipeline.film import crew

pytest.importorskip("distributed")


def test_what_is_no_address_is_one_line(capsys):
    assert main(["worker", "foo"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "got 'foo', expected the address of a dask scheduler" in said


@pytest.mark.parametrize("tries", [0, 3])
def test_a_worker_says_once_what_it_waits_for(capsys, monkeypatch, tries):
    monkeypatch.setattr(crew, "start_worker", lambda *args, **more: subprocess.Popen(["true"]))
    monkeypatch.setattr(worker, "TRY_EVERY_S", 0)
    found = iter([False] * tries + [True])
    monkeypatch.setattr(crew, "answers", lambda address: next(found))
    assert main(["worker", "tcp://127.0.0.1:9"]) == 0
    said = capsys.readouterr().err
    assert said.count("nobody answers at tcp://127.0.0.1:9 yet; waiting until") == said.count("\n") == bool(tries)


def test_a_port_where_nobody_listens():
    assert not crew.answers("tcp://127.0.0.1:9")
