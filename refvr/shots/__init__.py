"""Shots of a clip: where one picture is cut to another (find.py), as a list for editing programs (edl.py)."""
