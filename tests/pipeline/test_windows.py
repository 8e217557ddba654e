"""Windows and padding: every clip length and every size, the originals' rules where they work, bounded memory."""
from itertools import count, islice

import pytest

from refvr.pipeline.windows import reflect_half, reflect_whole, window_indices, windows

REMONET = {"size": 5, "step": 5, "rule": reflect_half}
FASTDVDNET = {"size": 5, "lead": 2, "rule": reflect_whole}


def test_windows_of_the_specifications():
    listed = {13: [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 12, 11]], 3: [[0, 1, 2, 2, 1]],
              9: [[0, 1, 2, 3, 4], [5, 6, 7, 8, 8]]}
    for n, expected in listed.items():
        assert [window for window, _ in windows(range(n), **REMONET)] == expected
    listed = {3: [[2, 1, 0, 1, 2], [1, 0, 1, 2, 1], [0, 1, 2, 1, 0]],
              6: [[2, 1, 0, 1, 2], [1, 0, 1, 2, 3], [0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 3, 4, 5, 4], [3, 4, 5, 4, 3]]}
    for n, expected in listed.items():
        assert [window for window, _ in windows(range(n), **FASTDVDNET)] == expected


@pytest.mark.parametrize("size, step, lead", [(5, 5, 0), (7, 7, 0), (2, 2, 0), (5, 1, 2), (3, 1, 1), (7, 2, 3),
                                              (5, 3, 1), (3, 7, 0), (1, 1, 0)])
@pytest.mark.parametrize("rule, period", [(reflect_half, lambda n: [*range(n), *reversed(range(n))]),
                                          (reflect_whole, lambda n: [*range(n), *reversed(range(1, n - 1))])])
def test_any_length(size, step, lead, rule, period):
    """Against a table of one period, made by mirroring the list of frames; the front reflects up to `lead`."""
    for n in range(1, 40):
        wave = period(n)
        assert [rule(i, n) for i in range(-50, 90)] == [wave[i % len(wave)] for i in range(-50, 90)]
        got = list(windows(range(n), size=size, step=step, lead=lead, rule=rule))
        assert sum(number for _, number in got) == n and all(1 <= number <= step for _, number in got)
        for k, (window, number) in enumerate(got):
            assert window == [wave[(k * step - lead + i) % len(wave)] for i in range(size)], (n, k)
            assert number == min(step, n - k * step)


def test_no_frames_no_windows():
    assert list(windows([], **REMONET)) == list(windows([], **FASTDVDNET)) == []


@pytest.mark.parametrize("options", [REMONET, FASTDVDNET, {"size": 7, "step": 2, "lead": 3, "rule": reflect_half}])
def test_streams_are_read_as_needed_and_not_kept(options):
    alive, most, read = set(), 0, 0

    class Frame:
        def __init__(self, number):
            self.number = number
            alive.add(number)

        def __del__(self):
            alive.discard(self.number)

    def stream():
        nonlocal read
        for number in count():
            read += 1
            yield Frame(number)

    for k, (window, _) in enumerate(islice(windows(stream(), **options), 60)):
        first = k * options.get("step", 1)
        assert read <= first - options.get("lead", 0) + options["size"]  # not a frame more than the window needs
        del window
        most = max(most, len(alive))
    assert most <= 2 * options["size"] + options.get("step", 1)


def test_window_indices():
    assert window_indices(-2, 5, 4, reflect_whole) == [2, 1, 0, 1, 2]
    assert window_indices(2, 5, 4, reflect_half) == [2, 3, 3, 2, 1]
