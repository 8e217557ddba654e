"""Ctrl-C waits until a write is done; a second one does not."""
import os
import signal
import threading

import pytest

from refvr.interrupt import interrupts_wait


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def keyboard():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_waits_for_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_wait():
        ctrl_c()
        done.append("the whole block")
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_takes_effect_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_wait():
        ctrl_c()
        ctrl_c()
        done.append("never")
    assert not done


def test_other_threads_have_nothing_to_wait_for():
    done = []

    def work():
        with interrupts_wait():
            done.append(signal.getsignal(signal.SIGINT))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.default_int_handler]
