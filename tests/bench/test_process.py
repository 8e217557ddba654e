"""A side in a process of its own."""
import pytest
import subjects as subjects_of_tests

from refvr.bench import process
from refvr.errors import InputError

TINY = subjects_of_tests.TINY["remonet-t3"]
SPEC = {"job": "clip", "model": "remonet-t3", "options": TINY, "size": [24, 16], "threads": 1, "precision": "winograd"}


def test_a_crash_is_one_line():
    with pytest.raises(InputError, match="no model 'nonet'"), process.Worker(SPEC | {"model": "nonet", "side": "ours"}):
        pass
    with process.Worker(SPEC | {"side": "ours"}) as alive:
        alive._process.kill()
        with pytest.raises(InputError, match=r"remonet-t3 \(ours\) ended with status -9") as found:
            alive.ask("run")
    assert "\n" not in str(found.value)
