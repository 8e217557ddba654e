"""Files that people take for weights of ours."""
import pytest

from refvr.checkpoints.contents import Contents, LazyArray
from refvr.zoo.strangers import NETWORKS, stranger


@pytest.mark.parametrize("names", NETWORKS)
def test_each_is_known_by_its_names(names):
    arrays = {name: LazyArray((1,), "float32", lambda: None) for name in names}
    assert NETWORKS[names] in stranger(Contents("test", {"state_dict": arrays}))
    assert stranger(Contents("test", {"state_dict": {}})) == ""
