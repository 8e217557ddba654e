"""From a page to a schedule: a network's graph, its order and lifetimes, and how it runs in a stated memory."""
from refvr.plan.graph import Graph, Like, Node, capture

__all__ = ["Graph", "Like", "Node", "capture"]
