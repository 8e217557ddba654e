"""Training with the engine's own tape: data, optimisers, schedules, recipes, the loop and its checkpoints."""
