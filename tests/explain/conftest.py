"""What tests of this folder share."""
import pytest
from sights import sight

from refvr.explain.figures.look import Seen


@pytest.fixture(scope="module")
def edvr():
    return Seen(sight())
