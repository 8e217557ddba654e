"""A user's own table of names."""
import pytest

from refvr.errors import InputError
from refvr.verify.compare.name_table import read_table


@pytest.mark.parametrize("text", ['{"a.b": "conv1", "c": "conv2"}',
                                  "# theirs, ours\na.b conv1   # the first\n\nc conv2\n"])
def test_json_and_columns(tmp_path, text):
    (tmp_path / "map").write_text(text)
    assert read_table(tmp_path / "map") == {"a.b": "conv1", "c": "conv2"}


@pytest.mark.parametrize("text, says", [("a b c\n", "line 1: got 3 words"), ("{broken", "no JSON")])
def test_what_is_no_table(tmp_path, text, says):
    (tmp_path / "map").write_text(text)
    with pytest.raises(InputError, match=says):
        read_table(tmp_path / "map")
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "none")
