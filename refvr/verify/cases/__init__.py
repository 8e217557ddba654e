"""Does an answer equal the original's? Cases, the families that call them, tolerances, reports."""
