"""The formats of sentence pairs, a file for each: from an open file to rows of (line, source, target)."""
