"""What is wrong with sentence pairs, said before training."""
