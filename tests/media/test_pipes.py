"""Named pipes are not waited for for ever."""
import os
import threading

import pytest

from refvr.errors import InputError, OutputError
from refvr.media import pipes


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(pipes, "PATIENCE_S", 0.05)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_what_is_a_pipe(pipe, tmp_path):
    assert pipes.is_pipe(pipe) and not pipes.is_pipe(tmp_path) and not pipes.is_pipe(tmp_path / "none")
    assert pipes.to_pipe("-") and pipes.to_pipe(pipe) and not pipes.to_pipe(tmp_path / "a.mp4")


def test_nobody_is_waited_for_for_ever(pipe):
    with pytest.raises(OutputError, match="nobody reads"):
        pipes.open_pipe(pipe)
    with pytest.raises(InputError, match="nobody writes"):
        pipes.read_pipe(pipe)


def test_bytes_go_through(pipe, monkeypatch):
    monkeypatch.setattr(pipes, "PATIENCE_S", 10)
    found = []

    def read():
        with pipes.read_pipe(pipe) as file:
            found.append(file.read())
    reader = threading.Thread(target=read)
    reader.start()
    with pipes.open_pipe(pipe) as file:
        file.write(b"abc")
    reader.join()
    assert found == [b"abc"]
