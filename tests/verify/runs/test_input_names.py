"""What official code calls inputs."""
from refvr.verify.runs.input_names import our_name


def test_official_names_are_ours():
    assert our_name("stfan", "net/img_blur") == "frame" and our_name("safa", "img1") == "image1"
    assert our_name("duf", "lr") == "x" and our_name("edvr", "x") == "x" and our_name("nobody", "a/b") == "b"
