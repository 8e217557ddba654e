"""Which clips a folder holds."""
from refvr.media.find import find_clips


def test_files_and_folders_of_images_at_any_depth(tmp_path):
    for name in ("b.mp4", "deep/er/a.npy", "frames/001.png", "frames/002.png", "notes.txt", "empty/readme"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in find_clips(tmp_path)] == ["b.mp4", "deep/er/a.npy", "frames"]
