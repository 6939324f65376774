"""From sentence pairs to batches of ids: checks, tokenized corpora on disk, streams, shuffling. Never torch."""
