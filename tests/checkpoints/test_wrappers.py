"""Weights as people have them: wrapped, averaged, beside other arrays, by other trainers; and what is none of ours.

Where a public report shows the kind, its number stands beside the case.
"""
import shutil

import numpy as np
import pytest
from places import GOLDEN, WEIGHT_FILES
from weight_states import holds, named, value_of

from refvr import zoo
from refvr.checkpoints import pth_write
from refvr.checkpoints.read import read
from refvr.checkpoints.releases import of_network
from refvr.cli.main import main
from refvr.errors import WeightsError
from refvr.zoo import folder
from refvr.zoo.official import load_official, published_digest

W = np.zeros(3, np.float32)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REFVR_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(("prefix", "beside", "left"), [
    ("model.", {"loss_fn.w": W, "val_metric.total": W}, "loss_fn, val_metric"),           # Lightning
    ("module.", {"n_averaged": np.int64(7)}, "n_averaged"),                               # torch.optim.swa_utils
    ("generator.", {"step_counter": np.array([600_000])}, "step_counter"),                # mmagic#391, mmagic#1439
    ("netG.", {"netD.conv.weight": W, "netD.conv.bias": W}, "netD"),
    ("module.netG.", {"module.netD.conv.weight": W}, "module"),
    ("model.net_g.", {"model.net_d.w": W, "vgg.w": W}, "model, vgg"),
    ("_orig_mod.", {}, ""), ("module._orig_mod.", {}, ""), ("", {}, ""), ("a.b.c.d.", {"e": W}, "e")])
def test_the_network_is_found_by_its_names(tmp_path, prefix, beside, left):
    pth_write.save(tmp_path / "net.pth", named("remonet", 2, prefix) | beside)
    official = load_official(tmp_path / "net.pth")
    assert official.fit.model == "remonet" and holds(official, 2)
    assert official.fit.prefix == prefix.replace("_orig_mod.", "")
    assert [note for note in official.notes if note.startswith("left out")] == ([f"left out: {left}"] if left else [])


def test_what_a_compiler_puts_into_the_middle_of_names(tmp_path):
    state = {name.replace("conv_fusion.", "conv_fusion._orig_mod."): array
             for name, array in named("remonet", 2).items()}
    assert any("_orig_mod" in name for name in state)
    pth_write.save(tmp_path / "net.pth", state)
    assert holds(load_official(tmp_path / "net.pth"), 2)


@pytest.mark.parametrize(("last", "average"), [
    ("generator.", "generator_ema."), ("model.", "ema_model.module."), ("net.", "net_ema."), ("model.", "shadow."),
    ("net_g.", "averaged."), ("", "ema.")])
def test_the_average_is_preferred_and_said(tmp_path, last, average):
    for order in (1, -1):
        parts = [named("remonet", 1, last), named("remonet", 2, average)][::order]
        pth_write.save(tmp_path / "net.pth", parts[0] | parts[1] | {"step_counter": np.array([5])})
        official = load_official(tmp_path / "net.pth")
        if last:
            assert holds(official, 2) and official.fit.average
            assert any(note.startswith("taken: the average over the training (EMA)") for note in official.notes)
            assert any(f"not the last weights, {last[:-1]}" in note for note in official.notes)
        else:   # a bare network with others between its arrays is no longer one
            assert official.fit.prefix == average


def test_an_average_of_parameters_alone_takes_the_statistics_of_the_last_weights(tmp_path):
    average = {name: array for name, array in named("fastdvdnet", 2, "shadow.").items() if "running" not in name}
    pth_write.save(tmp_path / "net.pth", named("fastdvdnet", 1, "model.") | average)
    official = load_official(tmp_path / "net.pth")
    values = {float(array.flat[0]) for name, array in official.state.items() if name.endswith(("mean", "var"))}
    assert values == {1.0} and official.fit.average and any("those of model were taken" in n for n in official.notes)
    assert value_of(zoo.build("fastdvdnet").load(official.state)) == 2


def test_wrappers_in_safetensors(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file(named("remonet", 1, "module.") | named("remonet", 2, "ema_model.module.") | {"step": np.array([5])},
                    tmp_path / "net.safetensors")
    official = load_official(tmp_path / "net.safetensors")
    assert holds(official, 2) and official.fit.average and official.fit.prefix == "ema_model.module."
    assert any(note in ("left out: module, step", "left out: step, module") for note in official.notes)


def test_two_networks_of_one_kind_are_said(tmp_path):
    pth_write.save(tmp_path / "net.pth", named("remonet", 1, "first.") | named("remonet", 2, "second."))
    official = load_official(tmp_path / "net.pth")
    assert holds(official, 1) and "taken: first; second would fit as well" in official.notes


@pytest.mark.parametrize(("spoil", "part"), [
    (lambda x: x.astype(np.int64), "holds int64 instead of real numbers"),
    (lambda x: x.astype(np.uint8), "holds uint8 instead of real numbers")])
def test_integers_are_no_weights(tmp_path, spoil, part):
    state = named("remonet", 1)
    first = next(iter(state))
    pth_write.save(tmp_path / "net.pth", {**state, first: spoil(state[first])})
    with pytest.raises(WeightsError, match=f"{first} {part}"):
        load_official(tmp_path / "net.pth")


def test_complex_numbers_are_no_weights(tmp_path):
    state = named("remonet", 1)
    first = next(iter(state))
    np.savez(tmp_path / "net.npz", **{**state, first: state[first] * 1j})
    with pytest.raises(WeightsError, match="holds complex64 instead"):
        load_official(tmp_path / "net.npz")


MMAGIC = ("conv_first.weight", "feature_extraction.4.conv2.bias", "feat_l2_conv1.conv.weight",
          "feat_l3_conv2.conv.bias", "pcd_alignment.offset_conv1.l3.conv.weight",
          "pcd_alignment.offset_conv3.l1.conv.bias", "pcd_alignment.dcn_pack.l3.weight",
          "pcd_alignment.dcn_pack.l1.conv_offset.bias", "pcd_alignment.feat_conv.l1.conv.weight",
          "pcd_alignment.cas_offset_conv2.conv.weight", "pcd_alignment.cas_dcnpack.conv_offset.weight",
          "fusion.temporal_attn2.weight", "fusion.feat_fusion.conv.weight", "fusion.spatial_attn4.conv.bias",
          "fusion.spatial_attn5.weight", "fusion.spatial_attn_l3.conv.weight", "fusion.spatial_attn_add1.conv.weight",
          "fusion.spatial_attn_add2.bias", "reconstruction.9.conv1.weight", "upsample1.upsample_conv.weight",
          "upsample2.upsample_conv.bias", "conv_hr.weight", "conv_last.bias")


def test_edvr_of_mmagic(tmp_path):
    """Names as EDVRNet of open-mmlab/mmagic makes them; mmagic#391 is about a file of such names."""
    way = next(way for way in of_network("edvr") if way.name == "edvr-mmagic")
    rng = np.random.default_rng(0)
    ours = {name: rng.standard_normal(array.shape).astype(np.float32)
            for name, array in zoo.build("edvr-m-x4").state().items()}
    theirs = way.back(ours)
    assert not set(MMAGIC) - theirs.keys() and len(theirs) == len(ours)
    pth_write.save(tmp_path / "edvrm_x4.pth", {f"generator.{name}": array for name, array in theirs.items()}
                   | {"step_counter": np.array([600_000])})
    official = load_official(tmp_path / "edvrm_x4.pth")
    fit = official.fit
    assert (fit.model, fit.release.name, fit.prefix) == ("edvr-m-x4", "edvr-mmagic", "generator.")
    assert all(np.array_equal(official.state[name], array) for name, array in ours.items())


@pytest.mark.parametrize("prefix", ["module.", ""])
def test_the_other_safa_is_named(tmp_path, prefix, capsys):
    """train_log_SAFA/flownet.py of hzwer/Practical-RIFE."""
    shapes = {"block.convimg.0.weight": (32, 3, 3, 3), "block.convimg.2.weight": (32, 32, 3, 3),
              "block.convflow.0.weight": (24, 96, 3, 3), "shuffle.0.weight": (96, 192, 3, 3),
              "block.convblock.0.conv_stem.0.weight": (96, 295, 3, 3), "block.getscale.4.weight": (2, 96),
              "lastconv0.0.0.weight": (96, 384, 3, 3), "lastconv0.1.beta": (1, 96, 1, 1),
              "lastconv1.0.0.weight": (192, 480, 3, 3), "lastconv1.1.weight": (12, 192, 3, 3)}
    pth_write.save(tmp_path / "flownet.pkl", {prefix + name: np.zeros(shape, np.float32)
                                              for name, shape in shapes.items()})
    with pytest.raises(WeightsError, match="enhancement network of Practical-RIFE, also called SAFA but another"):
        load_official(tmp_path / "flownet.pkl")
    assert main(["inspect", str(tmp_path / "flownet.pkl")]) == 0
    assert "Practical-RIFE" in capsys.readouterr().out


def test_our_own_weights_are_known(tmp_path, capsys):
    path = folder.WEIGHTS / zoo.row_of("safa-s").weights
    assert main(["inspect", str(path)]) == 0
    assert "this is a weight file of refvr already, of safa-s; every array fits" in capsys.readouterr().out
    assert main(["convert", str(path), "-o", str(tmp_path / "x.h5")]) == 2
    err = capsys.readouterr().err
    assert "a weight file of refvr already, of safa-s" in err and "differences" not in err and err.count("\n") == 1
    assert not (tmp_path / "x.h5").exists()


def test_other_files_of_ours_are_known(tmp_path):
    from refvr.train import checkpoint

    checkpoint.save(tmp_path / "run.h5", checkpoint.Checkpoint({"network1/a": W}, {}, {}))
    with pytest.raises(WeightsError, match="a training checkpoint of refvr .*weights.h5"):
        load_official(tmp_path / "run.h5")
    with pytest.raises(WeightsError, match="a case of refvr"):
        load_official(GOLDEN / "edvr_tiny_a.h5")


def test_the_nearest_model_is_named_by_its_best_release(tmp_path, capsys):
    state = named("edvr-m-x4", 1)
    del state["conv_last.bias"]
    pth_write.save(tmp_path / "net.pth", state)
    assert main(["inspect", str(tmp_path / "net.pth")]) == 0
    shown = capsys.readouterr().out
    assert "does not fit edvr-m-x4 (outermost level): 1 differences\n    conv_last.bias is missing" in shown
    assert "does not fit edvr-m-x4" in next(line for line in shown.splitlines() if "not fit" in line)


def test_genuine_files_of_2019_are_not_called_damaged(tmp_path):
    for name in ("EDVR_REDS_SR_M.pth", "net-20190527.pth", "edvr.pth"):
        pth_write.save(tmp_path / name, named("edvr-m-x4", 1, release=1))
        official = load_official(tmp_path / name)
        assert official.fit.release.name == "edvr-2019" and not any("damaged" in note for note in official.notes)
        assert value_of(zoo.load(weights=tmp_path / name)) == 1
    assert published_digest("edvr-20190527.pth") == published_digest("edvr-0123abcd.pth") == ""
    assert published_digest(zoo.row_of("edvr-m-x4").file) == "32075921"
    assert published_digest("edvrm_x4_8x4_600k_reds_20200622-ba4a43e4.pth") == "ba4a43e4"


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 19332096\n" % (b"0d71" * 16)
FOREIGN = {  # what torch.load says of it: the words that refvr has for it
    "invalid load key, 'v'": (LFS, "pointer of Git LFS.*19332096 bytes.*git lfs pull"),  # YBIGTA/pytorch-hair-...#38
    "invalid load key, '<'": (b"<!DOCTYPE html><html><head><title>Google Drive - Virus scan\x1b warning</title>",
                              "web page.*Virus scan.*browser"),
    "invalid load key, '\\n'": (b"\n\n<html lang=en>", "web page"),
    "invalid load key, '\\x1f'": (b"\x1f\x8b\x08\0", "packed with gzip"),
    "invalid load key, '7'": (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    "invalid load key, '{'": (b'{"message": "Not Found"}', "this is text"),
    "invalid load key, '\\x93'": (b"\x93NUMPY\1\0", "one array, .npy"),
    "invalid load key, '\\x08'": (b"\x08\x07\x12\x07pytorch\x1a\x05", "ONNX"),
    # SadTalker#217
    "failed finding central directory": ((WEIGHT_FILES / "odd_zip.pth").read_bytes()[:-300], "cut off"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_weight_file_is_named(tmp_path, kind):
    data, what = FOREIGN[kind]
    (tmp_path / "net.pth").write_bytes(data)
    with pytest.raises(WeightsError, match=what) as error:
        read(tmp_path / "net.pth")
    assert str(error.value).isprintable() and "net.pth" in str(error.value)


def test_zip_files_that_people_made(tmp_path):
    source = WEIGHT_FILES / "edvr_tiny_legacy.pth"
    shutil.make_archive(str(tmp_path / "zipped"), "zip", WEIGHT_FILES, source.name)
    with pytest.raises(WeightsError, match=f"zip file that holds {source.name}.*unpack it"):
        read(tmp_path / "zipped.zip")
    shutil.unpack_archive(WEIGHT_FILES / "odd_zip.pth", tmp_path / "folder", "zip")
    shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "folder")
    with pytest.raises(WeightsError, match="deflated.*unpacked and packed again"):
        read(tmp_path / "again.zip")
    with pytest.raises(WeightsError, match="a PyTorch file that was unpacked.*without unpacking"):
        read(tmp_path / "folder")


def test_names_that_fit_everywhere_take_no_time():
    """Many groups, each with the names of several networks after many prefixes, and names of many dots."""
    from time import process_time

    from refvr.checkpoints.contents import Contents, LazyArray
    from refvr.zoo.fits import fits

    array, state = LazyArray((3,), "float32", lambda: W), [*named("edvr-m-x4", 1), *named("remonet", 1)]
    prefixes = ("", *(f"p{k}." for k in range(12)), "d.b.e.f.g.h.")
    arrays = {f"{prefix}{name}": array for prefix in prefixes for name in state}
    arrays |= {".".join("a" * 140) + str(k): array for k in range(100)}
    fits(Contents("made", {"": {"a": array}}))   # the shapes of the zoo are made once
    began = process_time()
    found = fits(Contents("made", {f"g{k}": arrays for k in range(30)}))
    assert process_time() - began < 2 and found[0].differences > 100
