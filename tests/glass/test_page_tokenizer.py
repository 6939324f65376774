"""The page's tokenizer gives the ids, the spans and the text that SentencePiece gives, for text of every kind."""

import random
import unicodedata

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.glass import translator_data
from glassformer.special import UNK
from glassformer.text.normalization import RULES, normalizer
from glassformer.text.tokenizer import Tokenizer

from .node import bundled

CORPUS = (
    "The animal didn't cross the road because it was tired.",
    "We are friends, aren't we? Yes: 42 times 17!", "जानवर ने सड़क पार नहीं की क्योंकि वह थका था।",
    "हम दोस्त हैं।", "मेरी किताब नई है", "क्‍या ज़्यादा", "Straße und Äpfel", "こんにちは世界",
    "我们是朋友", "한국어 문장입니다", "مرحبا بالعالم", "שלום עולם", "Привет, мир", "Γειά σου Κόσμε",
    "สวัสดีชาวโลก", "a b c d e f", "E-Mail: someone@example.org", "naïve café", "x² + y² = z²",
)  # fmt: skip
RANGES = (
    (0x20, 0x7F), (0x20, 0x7F), (0x00, 0x20), (0x80, 0x250), (0x300, 0x36F), (0x370, 0x400), (0x400, 0x500),
    (0x590, 0x600), (0x600, 0x700), (0x900, 0x980), (0x900, 0x980), (0xD00, 0xD80), (0xE00, 0xE80),
    (0x1100, 0x1200), (0x1E00, 0x1F00), (0x2000, 0x2070), (0x2000, 0x2070), (0x2500, 0x2600),
    (0x3000, 0x3100), (0x4E00, 0x4F00), (0xAC00, 0xB000), (0xFE00, 0xFE10), (0xFF00, 0xFFF0),
    (0x1F300, 0x1F6FF), (0x1F3FB, 0x1F400), (0xE000, 0xE010), (0x10FF00, 0x10FFFE),
)  # fmt: skip
NORMAL, BYTE = 1, 6  # SentencePiece's types of pieces
SPECIAL = (
    "", " ", "   ", "\t", "</s>", "<s>hello</s>", "<pad><unk>", "<2hi> we", "<0x41>", "<0xE2><0x96><0x81>",
    "▁", "▁▁ a▁b", "a\u200db", "\u200b", "\ufeffbom", "a\u00adb", "क\u094d\u200dष", "ക\u0d4d\u200d",
    "👩\u200d👩\u200d👧\u200d👦", "🇮🇳🇩🇪", "❤\ufe0f", "e\u0301\u0323", "\u0323\u0301", "ﬁ ½ ² ㎏", "…",
    "a — b", "“quoted”", "‘it’s’", "ＦＵＬＬ　ｗｉｄｔｈ", "\u202eright to left\u202c", "İıſß", "ΑΣ ας",
    "\x00", "a\x00b", "\x1f\x7f", "\u2028\u2029", " " * 40, "x" * 300, "\U0010fffd▁\U0010fffc", "\ufffd",
    "\u0344", "각 각", "\u1112\u1161\u11ab", "don't", "DON'T", "NUMBER-42x", "[X][Y]", "[X", "@@",
)  # fmt: skip


def texts(count, seed=1):
    """Texts at random: sentences, characters of many scripts, in and out of normal forms, with signs strewn in."""
    rng = random.Random(seed)
    found = list(SPECIAL) + list(CORPUS)
    while len(found) < count:
        if rng.random() < 0.4:
            text = " ".join(rng.sample(" ".join(CORPUS).split(" "), rng.randint(1, 8)))
        else:
            low, high = rng.choice(RANGES)
            text = "".join(
                chr(rng.randrange(low, high)) if rng.random() < 0.8 else rng.choice("a e  '-▁")
                for _ in range(rng.randint(1, 24))
            )
        if rng.random() < 0.3:
            text = unicodedata.normalize(rng.choice(["NFC", "NFD", "NFKC", "NFKD"]), text)
        if rng.random() < 0.3:
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice(SPECIAL) + text[at:]
        if rng.random() < 0.1:
            text = text.swapcase()
        found.append(text)
    return found


def trained(kind, rules=None, **options):
    sentences = [text for text in CORPUS for _ in range(5)]
    tokenizer = Tokenizer.train(sentences, 460 if kind == "bpe" else 405, kind, coverage=0.98, **options)
    return tokenizer.with_rules(normalizer(rules).serialized_normalizer_spec()) if rules else tokenizer


def altered(tokenizer, **flags):
    """The tokenizer with other flags of normalisation, as other programs' have them."""
    model = model_pb2.ModelProto.FromString(tokenizer.to_bytes())
    for name, value in flags.items():
        holder = model.normalizer_spec if hasattr(model.normalizer_spec, name) else model.trainer_spec
        setattr(holder, name, value)
    for place, piece in enumerate(model.pieces if not model.trainer_spec.byte_fallback else ()):
        if piece.type == BYTE:
            piece.type, piece.piece = NORMAL, f"byte{place}"
    return Tokenizer(model.SerializeToString())


TOKENIZERS = {
    "unigram": lambda: trained("unigram"),
    "bpe": lambda: trained("bpe"),
    "unigram, source's rules": lambda: trained("unigram", "source"),
    "bpe, casefold": lambda: trained("bpe", "casefold"),
    "bpe, target's rules": lambda: trained("bpe", "target"),
    "unigram, symbols": lambda: trained(
        "unigram", "source", user_symbols=["[X]", "@@", "@@@", "—"], targets=["hi", "de"]
    ),
    "bpe, symbols": lambda: trained("bpe", "casefold", user_symbols=["[X]", "@@", "@@@", "NUMBER"], targets=["hi"]),
    "unigram, extra spaces removed": lambda: altered(trained("unigram", "source"), remove_extra_whitespaces=True),
    "bpe, space after a word": lambda: altered(trained("bpe"), treat_whitespace_as_suffix=True),
    "bpe, no space before": lambda: altered(trained("bpe"), add_dummy_prefix=False),
    "unigram, no bytes": lambda: altered(trained("unigram"), byte_fallback=False),
    "bpe, no bytes": lambda: altered(trained("bpe", "source"), byte_fallback=False),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return bundled("tokenizerDriver", tmp_path_factory.mktemp("tokenizer"))


def run(program, tokenizer, some, ids):
    data = translator_data.tokenizer_data(tokenizer)
    document = {"tokenizer": data, "pieces": tokenizer.pieces, "texts": some, "ids": ids}
    return program(document)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_ids_spans_and_text_are_those_of_sentencepiece(program, name):
    tokenizer = TOKENIZERS[name]()
    some = texts(1500)
    rng = random.Random(2)
    ids = [tokenizer.encode(text) for text in some[:300]]
    ids += [[rng.randrange(tokenizer.vocab_size) for _ in range(rng.randint(1, 12))] for _ in range(500)]
    found = run(program, tokenizer, some, ids)
    for text, tokens in zip(some, found["encoded"], strict=True):
        assert [token[0] for token in tokens] == tokenizer.encode(text), repr(text)
        assert tokens == [[one.id, one.start, one.end, one.control] for one in tokenizer.tokens(text)], repr(text)
        assert not any(tokenizer.is_control(token[0]) for token in tokens if token[0] != UNK), repr(text)
    for some_ids, (text, tokens) in zip(ids, found["decoded"], strict=True):
        assert text == tokenizer.decode(some_ids), some_ids
        assert tokens == [[one.id, one.start, one.end, one.control] for one in tokenizer.tokens_of(some_ids)], some_ids


def test_every_rule_of_normalisation_is_followed(program):
    """Each key of each table of rules, by itself and between letters."""
    for rules in RULES:
        tokenizer = trained("unigram", rules)
        keys = list(RULES[rules]())[:: 1 if rules == "source" else 7]
        some = [f"a{key}b" for key in keys]
        found = run(program, tokenizer, some, [])
        for text, tokens in zip(some, found["encoded"], strict=True):
            assert [token[0] for token in tokens] == tokenizer.encode(text), (rules, text)


def test_sentencepiece_is_the_judge():
    """What the test compares with is SentencePiece itself."""
    tokenizer = trained("bpe", "source")
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.to_bytes())
    assert all(tokenizer.encode(text) == processor.encode(text) for text in texts(300) if "▁" not in text)
