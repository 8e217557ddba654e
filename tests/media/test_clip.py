"""What every reader keeps to, whatever the format."""
from fractions import Fraction

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media.clip import ClipInfo, Frame, Reader


class Made(Reader):
    """Four frames; which of them had to be made."""

    def __init__(self):
        super().__init__()
        self.info, self.made, self.closed = ClipInfo(2, 1), [], False

    def _frames(self):
        for k in range(4):
            if not self._passed():
                self.made.append(k)
            yield Frame(np.full((1, 2, 3), k, np.float32))

    def close(self):
        self.closed = True


def test_frames_that_are_passed_over_are_counted_and_not_made():
    with Made() as reader:
        reader.skip = 2
        assert [int(frame.rgb.max()) for frame in reader] == [2, 3] == reader.made
        assert reader.decoded == 4 and not reader.closed
        with pytest.raises(InputError, match="read already"):
            next(iter(reader))
    assert reader.closed


@pytest.mark.parametrize("info, frames", [
    ({"frames": 7, "duration_s": 1.0, "fps": Fraction(25)}, 7), ({"duration_s": 2.0, "fps": Fraction(25)}, 50),
    ({"duration_s": 0.001, "fps": Fraction(25)}, 1), ({"duration_s": 2.0}, None), ({"fps": Fraction(25)}, None)])
def test_the_number_of_frames_is_estimated_where_nobody_counts(info, frames):
    assert ClipInfo(2, 1, **info).frames_hint == frames
