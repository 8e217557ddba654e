"""Ctrl-C while a step is on its way."""
import signal
import threading

import pytest

from refvr.train.stop_requests import stop_requests


def test_the_first_is_noted_and_the_second_stops():
    before = signal.getsignal(signal.SIGINT)
    with stop_requests() as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_leaves_signals_alone():
    before, found = signal.getsignal(signal.SIGINT), []

    def work():
        with stop_requests() as stop:
            found.append((stop.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, before)]
