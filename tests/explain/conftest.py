"""What tests of this folder share."""
import numpy as np
import pytest
from sights import sight

from refvr.explain import write
from refvr.explain.figures.look import Seen


@pytest.fixture(scope="session")
def edvr():
    return Seen(sight())


@pytest.fixture(scope="session")
def seen():
    return sight()


@pytest.fixture(scope="session")
def page(seen, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "xray.html"
    return out, write.explain(seen, out, asked=((30, 50),), grid=(1, 2))


@pytest.fixture
def large_clip(tmp_path, monkeypatch):
    """A clip whose frames are too large for what is allowed here."""
    monkeypatch.setattr("refvr.explain.sight.SIZE", (64, 64))
    monkeypatch.setattr("refvr.explain.sight.MOST", 64 * 64)
    monkeypatch.setattr("refvr.explain.large.SHOWN", 96)
    monkeypatch.setattr("refvr.explain.large.STORY", 128)
    monkeypatch.setattr("refvr.explain.write.what_ifs", lambda *_: [])       # other tests look at these
    from refvr.scene import Scene, render

    np.save(tmp_path / "clip.npy", np.stack([render(Scene(), 150, 130, k / 24) for k in range(3)]))
    return tmp_path / "clip.npy"
