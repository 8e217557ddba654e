"""Shots of a clip: where one picture is cut to another (find.py), as lists for editing programs (edl.py, files.py)."""
