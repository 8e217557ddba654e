"""What draws: canvas.py (shapes with smooth edges on an array), font.py (letters on it), plots.py (matplotlib)."""
