"""A run and its directory: starting, resuming, fine-tuning, checkpoints, the lock."""
