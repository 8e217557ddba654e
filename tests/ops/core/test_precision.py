"""Which sums convolutions may use."""
import pytest

from refvr import precision
from refvr.errors import InputError
from refvr.ops.core.precision import current_precision


def test_it_holds_inside_and_ends():
    assert current_precision() == "winograd"
    with precision("direct"):
        assert current_precision() == "direct"
        with precision("winograd"):
            assert current_precision() == "winograd"
        assert current_precision() == "direct"
    assert current_precision() == "winograd"
    with pytest.raises((InputError, ValueError)), precision("half"):
        pass
