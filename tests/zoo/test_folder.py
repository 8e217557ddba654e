"""Where weights are looked for."""
from refvr.zoo import folder


def test_the_users_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("REFVR_HOME", str(tmp_path))
    assert folder.home() == tmp_path
    embedded = folder.find("remonet-s")
    assert embedded.parent == folder.WEIGHTS and folder.find("edvr-l-x4") is None
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / embedded.name).touch()
    assert folder.find("remonet-s") == tmp_path / "weights" / embedded.name
