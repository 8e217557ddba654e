"""Races against PyTorch on the same machine: clips, training steps, and how time and memory grow.

Each side of a race lives in a process of its own (worker.py), so that its peak memory is its own; the two take turns.
"""
