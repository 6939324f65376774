"""The corpus `phrasebook`: English sentences with their Hindi, made by a small grammar.

Every sentence comes with the links between its words (see `units`), and every English sentence has
one translation: the speaker is a man, "you" is तुम unless Sir or Madam says आप, and reasons follow
the table because.tsv. The grammar writes statements without a stop and questions with "?"; training
sentences are then written as people type them (see `writing`).
"""

from .because import agreement
from .corpus import generate, held_out, load_phrasebook, unseen_names, unseen_patterns
from .dictionary import glosses
from .gender import FEMALE, FEMININE, MASCULINE, gender_swaps, gendered_words, subject_of, tired_animals
from .holding import part_of
from .units import Antecedent, Sentence

__all__ = [
    "FEMALE",
    "FEMININE",
    "MASCULINE",
    "Antecedent",
    "Sentence",
    "agreement",
    "gender_swaps",
    "gendered_words",
    "generate",
    "glosses",
    "held_out",
    "load_phrasebook",
    "part_of",
    "subject_of",
    "tired_animals",
    "unseen_names",
    "unseen_patterns",
]
