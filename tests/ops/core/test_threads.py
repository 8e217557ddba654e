"""Numbers of threads, callers from several threads, forks, errors and Ctrl-C in the middle: who is affected by what."""
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import numpy as np
import pytest
from places import ROOT

from refvr import ops, zoo
from refvr.errors import InputError, RefvrError
from refvr.ops.core import threads as _threads
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.restore import restore


def clip(seed, t=4, h=24, w=32):
    return np.random.default_rng(seed).random((t, h, w, 3), np.float32)


def restored(seed, model):
    return np.stack(list(restore_frames(clip(seed), zoo.load(model))))


@pytest.mark.parametrize("count", [0, -1, 2.5, "2", True, 10**6])
def test_numbers_of_threads_are_checked(count):
    before = ops.thread_count()
    with pytest.raises(InputError, match="threads: got .* whole number from 1"), ops.threads(count):
        pass
    assert ops.thread_count() == before


def test_a_number_does_not_outlive_its_call_nor_reach_other_threads(tmp_path):
    np.save(tmp_path / "in.npy", clip(0))
    before, inside, go_on = ops.thread_count(), Event(), Event()

    def other():
        with ops.threads(before + 3):
            inside.set()
            go_on.wait(60)

    thread = Thread(target=other)
    thread.start()
    assert inside.wait(60) and ops.thread_count() == before
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", model="remonet-s", threads=before + 1)
    assert report.threads == before + 1 and ops.thread_count() == before
    go_on.set()
    thread.join()
    with pytest.raises(RefvrError, match="xyz"):
        restore(tmp_path / "in.npy", tmp_path / "nowhere.xyz", model="remonet-s", threads=before + 1)
    assert ops.thread_count() == before


@pytest.mark.parametrize("model", ["remonet-s", "duf-s-x4", "stfan-s"])
def test_several_threads_at_once_get_what_one_gets(model):
    want = [restored(seed, model) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for got, expected in zip(pool.map(restored, range(4), [model] * 4), want, strict=True):
            assert np.array_equal(got, expected)


def test_callers_with_different_numbers_share_the_threads():
    x, w = clip(1, 1, 64, 64), np.ones((3, 3, 3, 4), np.float32)
    want = ops.conv2d(x, w)

    def many(count):
        with ops.threads(count):
            return all(np.array_equal(ops.conv2d(x, w), want) for _ in range(40))

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(many, [1, 2, 3, 4, 5, 6]))


def test_an_error_of_one_block_ends_the_call_and_leaves_the_threads_usable():
    seen = []

    def fails(start, stop):
        seen.append(start)
        raise ZeroDivisionError(start)

    with ops.threads(3), pytest.raises(ZeroDivisionError):
        _threads.run_rows(fails, 1000)
    assert len(seen) <= 3
    covered = np.zeros(1000, int)

    def counts(start, stop):
        covered[start:stop] += 1

    with ops.threads(3):
        _threads.run_rows(counts, 1000)
    assert (covered == 1).all()


FORKED = """
import os, sys, signal, threading
import numpy as np
from refvr import zoo
from refvr.pipeline.drivers import restore_frames
from refvr.ops.core import arena as _arena
from refvr.ops.core import threads as _threads
import refvr
frames = np.random.default_rng(0).random((4, 24, 32, 3), np.float32)
net = zoo.load("remonet-s")
answer = lambda: np.stack(list(restore_frames(frames, net))).tobytes()
with refvr.threads(3):
    want = answer()
    stream = restore_frames(frames, net)
    first = next(stream)                   # a child may go on with a stream that its parent began
    _threads._pool.lock.acquire(); _arena._arena.lock.acquire()      # as if another thread were at work
    child = os.fork()
    if child == 0:
        signal.alarm(100)
        same = answer() == want and np.stack([first, *stream]).tobytes() == want
        os._exit(0 if same else 1)
    _threads._pool.lock.release(); _arena._arena.lock.release()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert answer() == want
sys.exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_fork_restores_what_its_parent_does():
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], env=os.environ | {"PYTHONPATH": str(ROOT)},
                         capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a system without timers")
def test_ctrl_c_in_a_call_leaves_the_next_one_right():
    """Interrupted at twenty moments, of which most fall into a kernel or the waiting for it."""
    net, frames = zoo.load("remonet-s"), clip(3)
    want = np.stack(list(restore_frames(frames, net)))
    before = signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        for k in range(20):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.002 + 0.003 * k)
                list(restore_frames(frames, net))
            except KeyboardInterrupt:
                pass
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert np.array_equal(np.stack(list(restore_frames(frames, net))), want)
    finally:
        signal.signal(signal.SIGALRM, before)
