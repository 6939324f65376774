"""Raw text to ids and back: readers of sentence pairs, and tokenizers. Never torch."""
