"""What a program is given, and what is said where it asks for more."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports.feeding import Given, Wanted, ways


@pytest.mark.parametrize("network, names, fix", [
    ("stfan", ("frame", "previous", "restored"), "with --frame 1; or write the call of the first frame with "
                                                 "`refvr export --first`"),
    ("edvr", ("x",), "give it a value of its own in the program")])
def test_a_state_that_the_first_frame_has_not_is_had_by_the_second(network, names, fix):
    given = Given(network, dict.fromkeys(names, np.zeros((1, 4, 4, 3), np.float32)))
    wanted = [Wanted(name, (1, 4, 4, 3)) for name in names] + [Wanted("state", (1, 1, 1, 8))]
    with pytest.raises(InputError, match="takes state of 1x1x1x8 too") as caught:
        ways(given, wanted, "port.onnx")
    assert fix in caught.value.fix
