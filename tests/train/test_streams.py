"""Independent random numbers for each purpose and step."""
from refvr.train.streams import BATCH, POOL, VALIDATION, WEIGHTS, stream


def test_streams_repeat_and_differ():
    first = [stream(1, purpose, step).random() for purpose in (WEIGHTS, BATCH, VALIDATION, POOL) for step in (0, 1)]
    again = [stream(1, purpose, step).random() for purpose in (WEIGHTS, BATCH, VALIDATION, POOL) for step in (0, 1)]
    assert first == again and len({*first, stream(2, BATCH, 0).random()}) == 9
