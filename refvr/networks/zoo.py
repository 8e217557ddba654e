"""The zoo: every network and configuration refvr knows, by name, with the source and licence of its weights.

`build("remonet")` makes the network, `load("remonet-s")` also fills it with weights. A plain dictionary: add a row.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from refvr.errors import InputError, WeightsError

_INSTALLED = Path(__file__).parents[1] / "weights"  # setup.py puts them there; in a checkout they lie beside it
WEIGHTS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "weights"


@dataclass(frozen=True)
class Model:
    """One row: what a name stands for.

    network  class in networks/, "remonet"; options: its Config fields that differ from the default
    task     what it is for; weights: embedded file, "" if none is published or embedded
    source   paper and code; licence: of the code that defined it; note: what a user should know
    """

    network: str
    task: str
    source: str
    licence: str
    note: str
    options: tuple[tuple[str, Any], ...] = ()
    weights: str = ""


NETWORKS = {"remonet": "ReMoNet", "fastdvdnet": "FastDVDnet"}

_REMONET = "Xiang et al., AAAI 2022; xiangly55/ReMoNet"
_FASTDVDNET = "Tassano et al., CVPR 2020; m-tassano/fastdvdnet"

MODELS = {
    "remonet-s": Model("remonet", "denoise", _REMONET, "MIT (our own weights and options)",
                       "small: plain convolutions at half resolution; trained by refvr",
                       (("widths", (32, 64, 96)), ("fusion_widths", (64, 96, 128)), ("fold", 2), ("plain", True),
                        ("blend", True), ("residual", True))),
    "remonet": Model("remonet", "denoise", _REMONET, "no licence stated",
                     "official configuration; its authors published no weights"),
    "remonet-t3": Model("remonet", "denoise", _REMONET, "no licence stated",
                        "windows of 3 frames; no published weights", (("frames", 3),)),
    "remonet-t7": Model("remonet", "denoise", _REMONET, "no licence stated",
                        "windows of 7 frames; no published weights", (("frames", 7),)),
    "fastdvdnet": Model("fastdvdnet", "denoise", _FASTDVDNET, "MIT",
                        "baseline, needs the noise level; weights: model.pth in the authors' repository"),
}


RECOMMENDED = {"denoise": "remonet-s"}  # task -> the model that is used where none is named


def config(name: str, **options: Any) -> Any:
    """The configuration of a model of the zoo, with `options` changed."""
    row = row_of(name)
    try:
        return replace(_module(row.network).Config(**dict(row.options)), **options)
    except TypeError as error:
        raise InputError(f"{name}: {error}", fix=f"its options are {', '.join(asdict(config(name)))}") from None


def row_of(name: str) -> Model:
    """The row of a model; InputError with the possible names."""
    if name not in MODELS:
        raise InputError(f"no model {name!r}", fix=f"models are: {', '.join(MODELS)}")
    return MODELS[name]


def build(name: str, **options: Any) -> Any:
    """The network of a model, parameters zero; `options` change single numbers of its configuration."""
    network = row_of(name).network
    return getattr(_module(network), NETWORKS[network])(config(name, **options))


def load(name: str | None = None, weights: str | Path | None = None) -> Any:
    """A model with weights, ready for inference: those of the file `weights`, else the embedded ones.

    name  None: what the file says it is for, and without a file the model recommended for denoising
    Raises WeightsError when there are no weights, or when they are of another network or configuration.
    """
    from refvr.checkpoints import h5

    if weights is None:
        name = name or RECOMMENDED["denoise"]
        if not row_of(name).weights:
            raise WeightsError(f"no weights of {name} are embedded: {row_of(name).note}",
                               fix="give a file with --weights, or a model that `refvr models` shows with weights")
        state, _ = h5.load(WEIGHTS / row_of(name).weights)
        return build(name).load(state).fold()
    state, attributes = h5.load(weights)
    if name is not None and attributes["network"] != row_of(name).network:
        raise WeightsError(f"{weights} holds weights of {attributes['network']}, expected {row_of(name).network}",
                           fix="choose the model with --model")
    return build_network(attributes["network"], attributes.get("config", {})).load(state).fold()


def build_network(network: str, options: dict[str, Any]) -> Any:
    """The network class `network` with the Config fields `options` (as a weight file's attribute "config" has them)."""
    if network not in NETWORKS:
        raise WeightsError(f"unknown network {network!r}", fix=f"networks are: {', '.join(NETWORKS)}")
    module = _module(network)
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return getattr(module, NETWORKS[network])(module.Config(**options))


def _module(network: str) -> Any:
    return import_module(f"refvr.networks.{network}")


def summary() -> list[dict[str, Any]]:
    """Every model as plain values: what `refvr models` prints."""
    return [{"name": name, "network": row.network, "task": row.task, "parameters": build(name).parameter_count(),
             "weights": row.weights, "recommended": name in RECOMMENDED.values(), "licence": row.licence,
             "source": row.source, "note": row.note} for name, row in MODELS.items()]
