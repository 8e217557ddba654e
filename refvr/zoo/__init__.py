"""The zoo: which models there are, where their weights are, what a weight file is of.

models.py      every network and configuration by name
folder.py      where weights are looked for
weights.py     a model with weights
fits.py        which network and configuration the arrays of a file are for
official.py    the authors' weight files, converted
strangers.py   files that are often taken for weights of ours
"""
from refvr.zoo.models import (
    MODELS,
    NETWORKS,
    build,
    build_network,
    config,
    names_for,
    purposes,
    recommended,
    row_of,
)
from refvr.zoo.weights import available, load, summary

__all__ = ["MODELS", "NETWORKS", "available", "build", "build_network", "config", "load",
           "names_for", "purposes", "recommended", "row_of", "summary"]
