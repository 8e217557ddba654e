"""Memory that is kept between steps."""
from refvr.train.memory import keep_memory


def test_keep_memory_can_be_called_anywhere():
    keep_memory()
