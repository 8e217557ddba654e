"""Which module of the official code is which of ours."""
from refvr import zoo
from refvr.verify.compare.official_modules import official_modules, official_tensors


def test_names_of_tensors_and_modules():
    net = zoo.build("stfan")
    (tensors,) = official_tensors(net)
    assert set(tensors) == set(net.state()) and tensors["image.weight"] == "img_prd.0.weight"
    modules = official_modules(net)
    assert modules["image"] == "img_prd.0" and modules["carry"] == "fea.0"
