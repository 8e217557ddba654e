"""Numbered names, their gaps, and names with signs of patterns in them."""

import media_clips
import pytest
from pictures import RGB, frames
from PIL import Image

from refvr.errors import InputError
from refvr.media import open_reader


def test_numbered_names_and_their_gaps(tmp_path):
    for k in (0, 1, 2, 5, 10):
        Image.fromarray(RGB[k % 4]).save(tmp_path / f"f{k:04d}.png")
    Image.fromarray(RGB[0]).save(tmp_path / "f007.png")
    info, got, warnings = frames(tmp_path / "f%04d.png")
    assert [frame.name for frame in got] == ["f0000", "f0001", "f0002", "f0005", "f0010"]
    assert len(warnings) == 1 and "6 numbers" in warnings[0] and "3 to 4, 6 to 9" in warnings[0]
    assert [frame.name for frame in frames(tmp_path / "f%03d.png")[1]] == ["f007"]
    with pytest.raises(InputError, match="holds no images"):
        open_reader(tmp_path / "g%04d.png")


def test_a_folder_with_a_lost_frame_says_so_and_a_choice_of_frames_does_not(tmp_path):
    lost, chosen, words = tmp_path / "lost", tmp_path / "chosen", tmp_path / "words"
    for folder, names in ((lost, ("a2_8", "a2_9", "a2_11", "a2_12")), (chosen, ("f010", "f020", "f030", "f040")),
                          (words, ("one", "1", "4", "5"))):
        folder.mkdir()
        for name in names:
            Image.fromarray(RGB[0]).save(folder / f"{name}.png")
    assert ["1 number" in line and "is missing (10)" in line for line in frames(lost)[2]] == [True]
    assert frames(chosen)[2] == [] and frames(words)[2] == []


def test_brackets_and_percent_signs_are_letters_where_such_files_exist(tmp_path):
    folder = tmp_path / "scan [1]"
    folder.mkdir()
    for name in ("a[2]_1.png", "a[2]_2.png", "a2_9.png", "100%.png"):
        Image.fromarray(RGB[0]).save(folder / name)
    assert [frame.name for frame in frames(folder / "a[[]2]_*.png")[1]] == ["a[2]_1", "a[2]_2"]
    assert [frame.name for frame in frames(folder / "a[2]_*.png")[1]] == ["a[2]_1", "a[2]_2"]
    assert [frame.name for frame in frames(folder / "a[2]_1.png")[1]] == ["a[2]_1"]
    (folder / "a[2]_1.png").unlink()
    (folder / "a[2]_2.png").unlink()
    plain = tmp_path / "scans"
    plain.mkdir()
    Image.fromarray(RGB[0]).save(plain / "a2_9.png")
    assert [frame.name for frame in frames(plain / "a[2]_*.png")[1]] == ["a2_9"]
    assert [frame.name for frame in frames(folder / "100%.png")[1]] == ["100%"]
    media_clips.copy(folder / "100%.png", folder / "50% of it.png")
    assert (folder / "50% of it.png").is_file()
