"""Raw text to ids and back: readers, checks, tokenizers, batches, built-in corpora. Never torch."""
