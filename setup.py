"""The folder `weights` is installed as refvr/weights, so that a wheel carries the networks' weights."""
from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["refvr*"]), "refvr.weights"], package_dir={"refvr.weights": "weights"},
      package_data={"refvr.weights": ["*.h5", "*.json", "*.md"]})
