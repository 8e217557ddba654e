"""What `refvr diagnose` is given."""
import json

import numpy as np
import pytest

from refvr.cli.diagnose import arrays, one_array, options
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.verify.mistakes import MISTAKES


def test_options_are_json_or_text():
    assert options(["s=2", "size=[3,4]", "border=zero", "align=true"]) == {
        "s": 2, "size": (3, 4), "border": "zero", "align": True}


def test_arrays_of_files(tmp_path):
    np.savez(tmp_path / "a.npz", **{"block/x": np.zeros(2), "z": np.ones(3)})
    assert set(arrays(str(tmp_path / "a.npz"))) == {"x", "z"}
    assert one_array(f"{tmp_path / 'a.npz'}:z").shape == (3,)
    with pytest.raises(InputError, match="FILE:NAME"):
        one_array(str(tmp_path / "a.npz"))


def test_the_list_is_the_catalogue(capsys):
    assert main(["diagnose", "warp", "--list", "--json"]) == 0
    listed = {row["name"] for row in json.loads(capsys.readouterr().out)}
    assert listed == {name for name, mistake in MISTAKES.items() if mistake.operation == "warp"}
