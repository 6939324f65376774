"""The four control tokens, the same in every vocabulary. User text can never produce one."""

PAD, UNK, BOS, EOS = 0, 1, 2, 3
PIECES = ("<pad>", "<unk>", "<s>", "</s>")
