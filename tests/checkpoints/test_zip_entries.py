"""The directory of a zip file."""
import io
import zipfile

import pytest

from refvr.checkpoints.zip_entries import entries, unpacked
from refvr.errors import WeightsError


def archive(method):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as file:
        file.writestr("a/b", b"0123456789" * 20)
        file.writestr("empty", b"")
    return data.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_are_found_and_read(method):
    data = archive(method)
    found = entries(data)
    assert list(found) == ["a/b", "empty"] and found["a/b"].size == 200
    assert unpacked(data, found["a/b"], 1000) == b"0123456789" * 20 and unpacked(data, found["empty"], 1000) == b""
    with pytest.raises(WeightsError):
        unpacked(data, found["a/b"], 100)


@pytest.mark.parametrize("spoil", [lambda data: data[:-10], lambda data: data.replace(b"0123", b"0124"),
                                   lambda data: b""])
def test_damage_is_seen(spoil):
    with pytest.raises(WeightsError):
        data = spoil(archive(zipfile.ZIP_STORED))
        unpacked(data, entries(data)["a/b"], 1000)
