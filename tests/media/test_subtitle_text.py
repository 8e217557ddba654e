"""The text of subtitles."""
import pytest

from refvr.media import subtitle_text


@pytest.mark.parametrize("text, srt, vtt, flat", [
    ("0,0,Default,,0,0,0,,one\\Ntwo", "one\ntwo", "one\ntwo", "one\ntwo"),
    ("1,0,Default,,0,0,0,,{\\i1}a, b{\\i0} & c", "<i>a, b</i> & c", "<i>a, b</i> &amp; c", "a, b & c"),
    ("2,0,Default,,0,0,0,,{\\an8}{\\b1\\i1}x{\\b0}y", "<b><i>x</i></b><i>y</i>", "<b><i>x</i></b><i>y</i>", "xy"),
    ("3,0,Default,,0,0,0,,{\\p1}m 0 0 l 10 0{\\p0}", "", "", "")])
def test_styles_of_subtitles(text, srt, vtt, flat):
    assert subtitle_text.payload([text], "subrip") == srt.encode()
    assert subtitle_text.payload([text], "webvtt") == vtt.encode()
    assert subtitle_text.payload([text], "mov_text") == (len(flat).to_bytes(2, "big") + flat.encode() if flat else b"")
