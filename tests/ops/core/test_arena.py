"""The arena: memory is used again when nobody refers to it, never before, and keeping it does not raise the peak."""
import gc
import mmap
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from refvr import ops
from refvr.ops.core import arena as _arena

MB = 1 << 20


@pytest.fixture
def arena(monkeypatch):
    if not _arena._works:
        pytest.skip("reference counts of this interpreter say nothing")
    fresh = _arena.Arena()
    monkeypatch.setattr(_arena, "_least", MB)
    monkeypatch.setattr(_arena, "_arena", fresh)
    gc.freeze()   # so that the tests' own garbage alone is looked through: all that is there takes a second each time
    return fresh


def take(megabytes):
    return _arena.empty((megabytes, MB // 4), np.float32)


def test_free_memory_is_used_again(arena):
    address = take(2).ctypes.data
    assert take(2).ctypes.data == address and arena.bytes() == (2 * MB, 0)


@pytest.mark.parametrize("view", [lambda x: x[1:, 3:5], lambda x: x.reshape(-1)[7:].view(np.uint8), memoryview,
                                  lambda x: np.broadcast_to(x[:, None], (2, 3, MB // 4)), lambda x: {"a": [x]},
                                  lambda x: np.lib.stride_tricks.as_strided(x, (5,), (4,))])
def test_memory_that_a_view_still_sees_is_left_alone(arena, view):
    x = take(2)
    x[...] = 7
    seen = view(x)
    del x
    gc.collect()
    other = take(2)
    other[...] = 9
    assert arena.bytes() == (4 * MB, 0)
    del seen, other
    gc.collect()
    kept = take(2), take(2)
    assert arena.bytes() == (4 * MB, 0) and kept[0].ctypes.data != kept[1].ctypes.data


def test_letting_go_keeps_what_is_in_use(arena):
    held, gone = take(2), take(9)
    held[...] = 7
    del gone
    _arena.let_go()
    assert arena.bytes() == (2 * MB, 0) and arena.most == 2 * MB and (held == 7).all()
    gone = take(1)
    del gone
    take(1)
    assert sum(arena.bytes()) <= 3 * MB and (held == 7).all()


def test_the_whole_stays_below_the_peak_of_use(arena):
    rng = np.random.default_rng(0)
    peak = 0
    held = []
    for size in rng.integers(1, 40, 300):
        held = held[-int(rng.integers(0, 5)):] if rng.integers(2) else []
        held.append(take(int(size)))
        peak = max(peak, sum(piece.nbytes for piece in held))
        assert sum(arena.bytes()) <= peak


def test_blocks_never_overlap_and_hold_what_was_written(arena):
    rng, held = np.random.default_rng(1), []
    for k in range(400):
        while held and rng.integers(2):
            x, value = held.pop(int(rng.integers(len(held))))
            assert (x == value).all()
            del x
        x = _arena.empty((int(rng.integers(MB, 5 * MB)),), np.uint8)
        x[...] = k % 251
        held.append((x, k % 251))
    assert len(arena.regions) == 1 and all((x == value).all() for x, value in held)


def test_what_a_region_cannot_hold_gets_one_of_its_own(arena, monkeypatch):
    monkeypatch.setattr(_arena, "_REGION", 4 * MB)
    small, large, third = take(3), take(9), take(3)
    assert len(arena.regions) == 3
    del small, third
    assert take(4).shape == (4, MB // 4) and len(arena.regions) == 3 and large.size == 9 * MB // 4


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_pages_beyond_the_peak_go_back_to_the_system(arena):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    one, two = take(40), take(40)
    one[...], two[...] = 1, 2
    before = resident()
    del one, two
    take(60)[...] = 3  # 40 of them have pages already
    assert sum(arena.bytes()) == 80 * MB
    assert resident() < before + 4 * MB


def test_small_arrays_are_numpys(arena):
    assert _arena.empty((3, 5), np.float64).flags.owndata and not arena.regions


def test_threads_never_share_a_piece(arena):
    wrong = []

    def use(k):
        for _ in range(200):
            x = take(1)
            x[:, ::1024] = k
            wrong.append(bool((x[:, ::1024] != k).any()))
            del x   # otherwise each holds two pieces while it takes the next: eight in all, at times

    users = [Thread(target=use, args=(k,)) for k in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not any(wrong) and sum(arena.bytes()) <= 4 * MB


def test_a_result_is_not_overwritten_by_the_next(arena):
    x = np.random.default_rng(1).standard_normal((1, 131, 137, 16)).astype(np.float32)
    weight = np.random.default_rng(2).standard_normal((3, 3, 16, 16)).astype(np.float32)
    first = ops.conv2d(x, weight)
    before = first[0, ::7].copy()
    kept = first[0, ::7]
    del first
    for _ in range(3):
        ops.conv2d(-x, weight)
    assert kept.tobytes() == before.tobytes()


def test_zeros_are_zero_in_memory_that_was_used(arena):
    x = take(2)
    x[...] = 7
    address = x.ctypes.data
    del x
    again = _arena.zeros((2, MB // 4), np.float32)
    assert again.ctypes.data == address and not again.any()
