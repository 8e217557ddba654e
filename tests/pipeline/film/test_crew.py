"""Who restores the pieces."""
import subprocess
import sys

import pytest

from refvr.errors import InputError
from refvr.pipeline.film import crew as crews
from refvr.pipeline.restore import restore


@pytest.mark.parametrize("workers", [0, -1, 2.5, True, 5000])
def test_numbers_of_workers(film, tmp_path, workers):
    with pytest.raises(InputError, match="workers: got"):
        restore(film, tmp_path / "out.npy", workers=workers)


def test_what_cannot_go_through_workers(film, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="got the input - with workers"):
        restore("-", tmp_path / "out.npy", workers=2)
    with pytest.raises(InputError, match="got the output - with workers"):
        restore(film, "-", workers=2)
    pytest.importorskip("distributed")
    monkeypatch.setattr(crews, "CONNECT_S", 0.5)
    with pytest.raises(InputError, match="cluster: nobody answers at tcp://127.0.0.1:9"):
        restore(film, tmp_path / "out.npy", model="stfan-s", workers="tcp://127.0.0.1:9")
    assert not (tmp_path / "out.npy.part").exists()


def test_workers_that_end_are_started_again_but_not_for_ever():
    started = []

    def start():
        started.append(1)
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

    crew = crews.Crew(None, [start])
    with pytest.raises(InputError, match=r"workers end as soon as they are started \(status 3\)"):
        while True:
            crew.own[0][0].wait()
            crew.check(len(started) < 5)   # until then others live
    assert len(started) == crews.MOST_EARLY + 4


def test_workers_keep_little_of_what_is_over(tmp_path, monkeypatch):
    """Unless somebody wants it: dask's profile of a worker grows for an hour."""
    given, name = [], "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED"
    monkeypatch.setattr(crews.subprocess, "Popen", lambda command, **how: given.append(how["env"]))
    crews.start_worker("tcp://127.0.0.1:9", tmp_path)
    monkeypatch.setenv(name, "True")
    crews.start_worker("tcp://127.0.0.1:9", tmp_path)
    assert [environment[name] for environment in given] == ["False", "True"]


def test_what_workers_miss_is_said_before_the_film_is_read(film, tmp_path, monkeypatch):
    """Looking for the cuts of a film takes minutes."""
    monkeypatch.setattr("refvr.pipeline.restore.cuts_of", lambda *args, **more: pytest.fail("the film was read"))
    with monkeypatch.context() as here, pytest.raises(InputError, match="expected the extra `cluster`"):
        here.setitem(sys.modules, "distributed", None)
        restore(film, tmp_path / "out.npy", model="stfan-s", cuts="auto", workers=2)
    pytest.importorskip("distributed")
    monkeypatch.setattr(crews, "CONNECT_S", 0.1)
    for address, why in ("foo", "cluster: got 'foo'"), ("tcp://127.0.0.1:9", "nobody answers"):
        with pytest.raises(InputError, match=why):
            restore(film, tmp_path / "out.npy", model="stfan-s", cuts="auto", workers=address)


@pytest.mark.parametrize("address", ["", "foo", "foo:bar", "tcp://", "tcp://host", "tcp://host:99999", "http:/x:1",
                                     "htp://host:1"])
def test_what_is_no_address_of_a_scheduler(address):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="worker: got .*, expected the address of a dask scheduler such as"):
        crews.check_address(address, "worker")


def test_addresses_of_schedulers():
    pytest.importorskip("distributed")
    assert crews.check_address("tls://host:8786", "x") == crews.check_address("host:8786", "x") == ("host", 8786)
