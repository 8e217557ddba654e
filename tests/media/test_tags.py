"""Which tags of the old file go to the new one."""
from refvr.media.tags import kept, muxer_options, wants_free_keys


def test_what_describes_the_old_file_is_left():
    tags = {"title": "holiday", "Encoder": "x", "NUMBER_OF_FRAMES": "5", "location-eng": "here", "camera": "mine"}
    assert kept(tags) == {"title": "holiday", "camera": "mine"}


def test_free_keys_where_there_is_no_place_for_a_tag():
    assert not wants_free_keys({"title": "a", "encoder": "b"}, "mp4")
    assert wants_free_keys({"lens": "50 mm"}, "mov") and not wants_free_keys({"lens": "50 mm"}, "matroska")
    assert muxer_options({"lens": "50 mm"}, "mp4") == {"movflags": "+use_metadata_tags"}
    assert muxer_options({"title": "a"}, "mp4") == {}
