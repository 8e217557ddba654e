"""The demo scene: a still life with moving things, drawn at any size and time, with its exact optical flow."""
from refvr.scene.render import Scene, flow, frames, render

__all__ = ["Scene", "flow", "frames", "render"]
