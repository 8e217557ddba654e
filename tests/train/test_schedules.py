"""Learning rates."""
import pytest

from refvr.errors import InputError
from refvr.train.schedules import cosine_epochs, warmup_cosine


def test_schedules():
    assert cosine_epochs(0, peak=8e-4, epochs=60, steps_per_epoch=10) == pytest.approx(7.9945e-4, rel=1e-5)
    assert cosine_epochs(599, peak=8e-4, epochs=60, steps_per_epoch=10) == 0.0
    assert cosine_epochs(0, peak=8e-4, epochs=60, steps_per_epoch=10, late=False) == 8e-4
    assert [warmup_cosine(k, 0.0, peak=1.0, warmup=4) for k in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert warmup_cosine(9, 0.5, peak=1.0) == pytest.approx(0.5)
    assert warmup_cosine(9, 1.0, peak=1.0, warmup=4, floor=0.125) == 0.125
    with pytest.raises(InputError):
        warmup_cosine(-1, 0.0, peak=1.0)
