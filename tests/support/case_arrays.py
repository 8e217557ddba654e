"""The arrays of a golden case as they are."""
import h5py
from places import GOLDEN


def golden(name):
    with h5py.File(GOLDEN / name) as f:
        return {group: {key: f[group][key][()] for key in f[group]} for group in f if isinstance(f[group], h5py.Group)}
