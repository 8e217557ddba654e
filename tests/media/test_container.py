"""What is said of files that are no videos."""
import pytest

from refvr.errors import InputError
from refvr.media.container import open_container


@pytest.mark.parametrize("data, says", [(b"", "is empty"), (b"just text", "looks like text"),
                                        (b"#EXTM3U\nhttp://a/b.ts", "playlist"),
                                        (b"\0\0\0\x18ftypisom" + b"\0" * 64, "index")])
def test_each_has_a_reason(tmp_path, data, says):
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(InputError, match=says):
        open_container(tmp_path / "a.mp4")
