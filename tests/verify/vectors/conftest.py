"""What tests of this folder share."""
import pytest

from refvr.verify.vectors.export import export

FEW = ("warp", "fac", "deform_conv2d", "pixel_shuffle", "mse_loss", "concat")


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors") / "out"
    return folder, export(folder, FEW)
