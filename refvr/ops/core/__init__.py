"""What every operation stands on: registration and rules, backends and precisions, threads, memory, compilation."""
