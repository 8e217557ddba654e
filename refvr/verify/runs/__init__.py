"""What did a run compute? One call of a network, its named values, traces in files, runs in other arithmetic."""
