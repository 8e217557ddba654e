"""A clip shot by shot."""
import numpy as np

from refvr.media import Frame
from refvr.pipeline.by_shots import shot_at, shots_of, with_cuts


def frames(count):
    return [Frame(np.full((2, 2, 3), k, np.float32)) for k in range(count)]


def test_shots_have_their_numbers_and_know_what_follows():
    found = []
    for shot in shots_of(with_cuts(frames(7), [3, 5], at=0)):
        numbers = [int(frame.rgb[0, 0, 0]) for frame in shot]
        follows = shot.follows()
        found.append((shot.at, numbers, None if follows is None else int(follows.rgb[0, 0, 0])))
    assert found == [(0, [0, 1, 2], 3), (3, [3, 4], 5), (5, [5, 6], None)]


def test_the_shot_of_a_frame():
    assert [shot_at([3, 5], k) for k in (0, 2, 3, 4, 9)] == [0, 0, 3, 3, 5] and shot_at([], 4) == 0
