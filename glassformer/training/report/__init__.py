"""What training tells: validation scores, the progress display, `log.jsonl` and TensorBoard's events."""
