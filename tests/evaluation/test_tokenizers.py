"""BLEU's tokenizer suits the language of the references, is here, and is never fetched."""

import socket
from typing import get_args, get_type_hints

import pytest
import sacrebleu
from sacrebleu.metrics import BLEU

from glassformer.errors import InputError, UsageError
from glassformer.evaluation import check_tokenizer, choose_tokenizer, score_corpus
from glassformer.training.config import TrainingConfig
from tests.letters import letter_tokenizer

CHINESE = ["我们是朋友。", "猫坐在垫子上。", "他用 Python 写程序。"]
JAPANESE = ["私たちは友達です。", "猫がマットの上に座った。", "東京"]
KOREAN = ["우리는 친구입니다.", "고양이가 매트 위에 앉았다."]


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The folder that sacreBLEU keeps models in, empty; the network is an error."""
    for place in ("glassformer.evaluation.tokenizers", "sacrebleu.tokenizers.tokenizer_spm", "sacrebleu.utils"):
        monkeypatch.setattr(f"{place}.SACREBLEU_DIR", str(tmp_path / "sacrebleu"))

    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tmp_path / "sacrebleu/models"


def without(monkeypatch, name):
    """As if the packages of this tokenizer were not installed."""
    monkeypatch.setattr(f"sacrebleu.tokenizers.tokenizer_{name.replace('-', '_')}.MeCab", None)


# Which one


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (CHINESE, "zh"),
        (["我們是朋友", "臺北"], "zh"),
        (["เราเป็นเพื่อนกัน"], "char"),
        (["ພວກເຮົາເປັນໝູ່ກັນ"], "char"),
        (["យើងជាមិត្តភក្តិ"], "char"),
        (["ကျွန်တော်တို့"], "char"),
        (["We are friends."], "13a"),
        (["Wir sind Freunde, nämlich gute."], "13a"),
        (["हम दोस्त हैं।"], "13a"),
        (["Мы друзья."], "13a"),
        (["نحن أصدقاء"], "13a"),
        (["The sign says 山 and 川."], "13a"),
        ([*["We are friends."] * 2, "我们是朋友。"], "13a"),  # most of them
        ([*["我们是朋友。"] * 2, "We are all of us very good friends, are we not?"], "zh"),
        (["", "12 + 3"], "13a"),
        ([], "13a"),
    ],
)
def test_the_script_of_most_references_decides(texts, expected):
    assert choose_tokenizer("auto", texts) == (expected, "")
    assert choose_tokenizer("auto", [None] * len(texts), texts) == (expected, "")


def test_who_names_one_gets_it():
    assert choose_tokenizer("13a", CHINESE) == ("13a", "")


@pytest.mark.parametrize("text", ["We are friends, aren't we?", "हम अच्छे दोस्त हैं, है ना?"])
def test_scores_of_scripts_with_spaces_are_what_they_were(text):
    hypothesis = text.replace(",", "")
    score = score_corpus([hypothesis], [text])["bleu"]
    assert score.value == sacrebleu.corpus_bleu([hypothesis], [[text]], tokenize="13a").score
    assert "|tok:13a|" in score.signature


def test_chinese_is_scored_by_characters():
    """Six of seven characters are right, the third is not: 6/7, 4/6, 2/5, 1/4. The one word of 13a is wrong."""
    score = score_corpus(["猫坐于垫子上。"], ["猫坐在垫子上。"])["bleu"]
    assert score.value == pytest.approx(100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)
    assert "|tok:zh|" in score.signature
    assert score_corpus(["猫坐于垫子上。"], ["猫坐在垫子上。"], tokenize="13a")["bleu"].value == 0


@pytest.mark.parametrize(
    ("texts", "name", "instead", "extra"),
    [(JAPANESE, "ja-mecab", "char", "ja"), (KOREAN, "ko-mecab", "13a", "ko")],
    ids=["ja", "ko"],
)
def test_what_stands_in_for_a_package_that_is_not_here(monkeypatch, texts, name, instead, extra):
    without(monkeypatch, name)
    choice = choose_tokenizer("auto", texts)
    assert choice.name == instead
    assert choice.note == (
        f"BLEU is by the tokenizer {instead}: {name}, which suits the text better, is not installed; install it: "
        f"pip install 'glassformer[{extra}]'"
    )
    assert f"|tok:{instead}|" in score_corpus(texts, texts)["bleu"].signature
    with pytest.raises(InputError, match=rf"^BLEU's tokenizer {name} is not installed; .*'glassformer\[{extra}\]'$"):
        check_tokenizer(name)


@pytest.mark.parametrize(
    ("texts", "name", "package"), [(JAPANESE, "ja-mecab", "MeCab"), (KOREAN, "ko-mecab", "mecab_ko")], ids=["ja", "ko"]
)
def test_words_of_a_dictionary_where_the_package_is_here(texts, name, package):
    pytest.importorskip(package)
    check_tokenizer(name)
    assert choose_tokenizer("auto", texts) == (name, "")
    changed = [text[:-2] + text[-1] for text in texts]
    score = score_corpus(changed, texts)["bleu"]
    assert score.value == sacrebleu.corpus_bleu(changed, [texts], tokenize=name).score
    assert f"|tok:{name}-" in score.signature


# What cannot be used


def test_unknown_tokenizers_are_refused():
    for name in ("auto", "13a", "none", "zh", "intl", "char"):
        check_tokenizer(name)
    with pytest.raises(UsageError, match=r"unknown tokenizer '13' for BLEU; did you mean '13a'\?"):
        check_tokenizer("13")


@pytest.mark.parametrize("name", ["spm", "flores101", "flores200", "spBLEU-1K"])
def test_a_model_is_never_fetched(models, name):
    with pytest.raises(InputError, match="needs its model, which is not here, and nothing is fetched unasked") as error:
        check_tokenizer(name)
    assert f"as {models}" in str(error.value)
    assert not models.parent.exists()


def test_no_tokenizer_of_sacrebleu_asks_the_network(models):
    for name in BLEU.TOKENIZERS:
        try:
            check_tokenizer(name)
        except InputError as error:
            assert "\n" not in str(error)
    assert not models.parent.exists()


def test_a_model_that_is_here_is_used(models):
    models.mkdir(parents=True)
    model = models / "flores200sacrebleuspm"
    model.write_bytes(letter_tokenizer().to_bytes())
    check_tokenizer("flores200")
    assert "|tok:flores200|" in score_corpus(["a b c"], ["a b c"], tokenize="flores200")["bleu"].signature
    model.write_bytes(b"no model")
    with pytest.raises(InputError, match="BLEU's tokenizer flores200 cannot be used: "):
        check_tokenizer("flores200")


def test_the_setting_of_training_knows_all_of_them():
    choices = get_args(get_type_hints(TrainingConfig)["validate_tokenize"])
    assert set(choices) == {"auto", *BLEU.TOKENIZERS}
