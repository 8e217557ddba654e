"""What a file is that is no weight file, in words."""
import pytest

from refvr.checkpoints.foreign import refuse, refuse_folder, refuse_zip
from refvr.errors import WeightsError


@pytest.mark.parametrize("data, says", [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n", "Git LFS.*1234 bytes"),
    (b"<!DOCTYPE html><title> Sign in </title>", "web page.*Sign in"), (b"\x1f\x8b\x08", "gzip"), (b"%PDF-1.4", "PDF"),
    (b"weights = 3\n", "this is text"), (b"\x00\x01\x02\x03", "begins with"), (b"\x08\x07onnx", "ONNX")])
def test_each_kind_has_a_name(data, says):
    with pytest.raises(WeightsError, match=says):
        refuse(data)


def test_zip_files_and_folders(tmp_path):
    refuse_zip(["archive/data.pkl", "inner.pth"])    # by torch.save
    with pytest.raises(WeightsError, match="holds net.pth and 1 more"):
        refuse_zip(["net.pth", "other.pth", "__MACOSX/net.pth"])
    with pytest.raises(WeightsError, match="Keras"):
        refuse_zip(["config.json", "model.weights.h5"])
    with pytest.raises(WeightsError, match="not a file"):
        refuse_folder(tmp_path)
    (tmp_path / "data.pkl").touch()
    with pytest.raises(WeightsError, match="unpacked"):
        refuse_folder(tmp_path)
