"""The phrasebook: hand-checked Hindi, one translation each, unseen combinations, alignments."""

import re
import unicodedata
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.corpora import load_corpus
from glassformer.corpora.phrasebook import (
    agreement,
    balance,
    because,
    clauses,
    descriptions,
    english,
    frames,
    generate,
    hindi,
    questions,
    unseen_names,
    unseen_patterns,
    verbs,
)
from glassformer.corpora.phrasebook import corpus as phrasebook_corpus
from glassformer.corpora.phrasebook.draw import Draw
from glassformer.corpora.phrasebook.frames import spelt_names
from glassformer.corpora.phrasebook.holding import content_words
from glassformer.corpora.phrasebook.lexicon import as_woman, load_lexicon
from glassformer.corpora.phrasebook.phrases import OWNERS, PRONOUNS, Phrase, named, nominal
from glassformer.corpora.phrasebook.units import Sentence, build, unit

WORDS = load_lexicon()
DRAW = Draw(WORDS, 1)
LECTURE = {
    "We are friends": "हम दोस्त हैं",
    "I love you very much": "मैं तुमसे बहुत प्यार करता हूँ",
    "The cat sat on its mat": "बिल्ली अपनी चटाई पर बैठी",
    "The animal didn't cross the road because it was tired": ("जानवर ने सड़क पार नहीं की क्योंकि वह थका हुआ था"),
}


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return generate(1)


ONE_TENTH = generate(3, share=0.1)


@pytest.fixture(scope="module")
def parts(sentences: list[Sentence]) -> dict[str, list[Sentence]]:
    return phrasebook_corpus.split(sentences, 1)


SOMEBODY = WORDS.noun("man")


def phrase(text: str, own: bool = False) -> Phrase:
    """A noun phrase from its English: "the big dogs", "I", "Mr Sharma", "his book"."""
    if text in PRONOUNS:
        return PRONOUNS[text]
    for name in WORDS.names:
        if name.english == text:
            return named(name)
    *before, head = text.split()
    noun = next(n for n in WORDS.nouns if head in (n.english, n.plural))
    adjective = None
    if len(before) == 2:
        adjective = next(a for a in WORDS.adjectives if a.english == before[1] and a.suits(noun))
    determiner = (before or [""])[0].replace("an", "a") if before else ""
    plural = head == noun.plural and "mass" not in noun.kinds
    return nominal(noun, determiner, plural, adjective, own and determiner in OWNERS)


def said(subject: str, verb: str, tense: str, thing: str = "", polarity: str = "+") -> Sentence:
    """A plain clause, the object's possessive referring back to the subject where it can."""
    who = phrase(subject)
    acts = [v for v in WORDS.verbs if v.name == verb]
    fitting = [v for v in acts if (v.marker == "none") is not bool(thing)] or acts
    act = next((v for v in fitting if thing and (phrase(thing).noun or SOMEBODY).kinds & v.objects), fitting[0])
    own = thing.partition(" ")[0] == who.owner
    what = phrase(thing, own) if thing else None
    agreed = verbs.agreement(act, tense, who, what)
    finite = verbs.statement(act, tense, who.person, agreed, polarity)
    first = verbs.subject_unit(act, tense, who)
    if what is None:
        return build("test", "", (first, finite), (0, 1))
    return build("test", "", (first, finite, verbs.object_unit(act, what)), (0, 2, 1))


CLAUSES = [
    # habitual: agrees with the subject
    (("the boy", "read", "present", "a book"), "The boy reads a book", "लड़का एक किताब पढ़ता है"),
    (("the girls", "drink", "present", "milk"), "The girls drink milk", "लड़कियाँ दूध पीती हैं"),
    (("I", "eat", "present", "rice"), "I eat rice", "मैं चावल खाता हूँ"),
    (("you", "speak", "present", "Hindi"), "You speak Hindi", "तुम हिंदी बोलते हो"),
    (("she", "learn", "present", "English"), "She learns English", "वह अंग्रेज़ी सीखती है"),
    (("Mr Sharma", "drink", "present", "tea"), "Mr Sharma drinks tea", "शर्मा जी चाय पीते हैं"),
    (("I", "drink", "present", "tea", "not"), "I do not drink tea", "मैं चाय नहीं पीता"),
    # progressive
    (("we", "watch", "progressive", "the film"), "We are watching the film", "हम फ़िल्म देख रहे हैं"),
    (
        ("the woman", "cook", "was-ing", "the vegetables"),
        "The woman was cooking the vegetables",
        "औरत सब्ज़ियाँ पका रही थी",
    ),
    # perfective: ने, and agreement with the object
    (("the boy", "eat", "past", "the bread"), "The boy ate the bread", "लड़के ने रोटी खाई"),
    (("the boys", "eat", "past", "the mangoes"), "The boys ate the mangoes", "लड़कों ने आम खाए"),
    (("Sita", "read", "past", "the letters"), "Sita read the letters", "सीता ने चिट्ठियाँ पढ़ीं"),
    (("they", "drink", "past", "the water"), "They drank the water", "उन्होंने पानी पिया"),
    (("he", "touch", "past", "the flower"), "He touched the flower", "उसने फूल छुआ"),
    (("I", "wash", "past", "my hands"), "I washed my hands", "मैंने अपने हाथ धोए"),
    (
        ("you", "close", "past", "the door", "n't"),
        "You didn't close the door",
        "तुमने दरवाज़ा बंद नहीं किया",
    ),
    # को on a living object takes the agreement away
    (("the girl", "see", "past", "the cows"), "The girl saw the cows", "लड़की ने गायों को देखा"),
    (("Ravi", "call", "past", "they"), "Ravi called them", "रवि ने उन्हें बुलाया"),
    # no ने
    (("the girl", "bring", "past", "the books"), "The girl brought the books", "लड़की किताबें लाई"),
    (("Ravi", "meet", "past", "Sita"), "Ravi met Sita", "रवि सीता से मिला"),
    (("the monkey", "climb", "past", "the tree"), "The monkey climbed the tree", "बंदर पेड़ पर चढ़ा"),
    (
        ("the girls", "reach", "past", "the village"),
        "The girls reached the village",
        "लड़कियाँ गाँव पहुँचीं",
    ),
    (("the horses", "run", "past"), "The horses ran", "घोड़े दौड़े"),
    (("we", "come", "past"), "We came", "हम आए"),
    (("the queen", "go", "past"), "The queen went", "रानी गई"),
    (("I", "buy", "past", "an umbrella"), "I bought an umbrella", "मैंने एक छाता ख़रीदा"),
    (("I", "ride", "past", "the bicycle"), "I rode the bicycle", "मैंने साइकिल चलाई"),
    (("I", "ride", "past", "the horse"), "I rode the horse", "मैंने घोड़े की सवारी की"),
    # the noun inside the verb is what agrees
    (("he", "help", "past", "I"), "He helped me", "उसने मेरी मदद की"),
    (
        ("the girl", "wait for", "past", "the train"),
        "The girl waited for the train",
        "लड़की ने रेलगाड़ी का इंतज़ार किया",
    ),
    (("we", "praise", "present", "the leaders"), "We praise the leaders", "हम नेताओं की तारीफ़ करते हैं"),
    # perfect, future, ability, wish, what used to be
    (("she", "buy", "perfect", "the sari"), "She has bought the sari", "उसने साड़ी ख़रीदी है"),
    (("the dogs", "come", "perfect"), "The dogs have come", "कुत्ते आए हैं"),
    (("I", "give", "future", "the answer"), "I will give the answer", "मैं जवाब दूँगा"),
    (("you", "sleep", "future", "", "n't"), "You won't sleep", "तुम नहीं सोओगे"),
    (
        ("my mother", "cook", "future", "rice"),
        "My mother will cook rice",
        "मेरी माता जी चावल पकाएँगी",
    ),
    (("the bird", "fly", "can", "", "not"), "The bird cannot fly", "चिड़िया नहीं उड़ सकती"),
    (("the child", "play", "want"), "The child wants to play", "बच्चा खेलना चाहता है"),
    (("they", "live", "used"), "They used to live", "वे रहते थे"),
    # without है the feminine plural shows its number itself
    (("the girls", "drink", "present", "milk", "not"), "The girls do not drink milk", "लड़कियाँ दूध नहीं पीतीं"),
    (("she", "sleep", "want", "", "n't"), "She doesn't want to sleep", "वह सोना नहीं चाहती"),
    (("I", "read", "going", "the book"), "I am going to read the book", "मैं किताब पढ़ने वाला हूँ"),
    (("she", "come", "going", "", "n't"), "She isn't going to come", "वह आने वाली नहीं है"),
    # who lived or loved did so by habit
    (("the girls", "live", "past"), "The girls lived", "लड़कियाँ रहती थीं"),
    (("he", "love", "past", "she"), "He loved her", "वह उससे प्यार करता था"),
    (("Ravi", "hate", "past", "the snake"), "Ravi hated the snake", "रवि साँप से नफ़रत करता था"),
    # a place with a word before it takes a postposition, a plain one does not
    (("we", "reach", "past", "that village"), "We reached that village", "हम उस गाँव तक पहुँचे"),
    # a state that English calls an action
    (("he", "wear", "progressive", "a coat"), "He is wearing a coat", "वह एक कोट पहने हुए है"),
    (("she", "hold", "was-ing", "the rope"), "She was holding the rope", "वह रस्सी पकड़े हुए थी"),
    (("she", "stay in", "progressive", "the house"), "She is staying in the house", "वह घर में रुकी हुई है"),
    # a posture: Hindi sees the state
    (("the cat", "sit", "progressive"), "The cat is sitting", "बिल्ली बैठी है"),
    # अपना refers back to the subject, any other possessive does not
    (("Ravi", "read", "past", "his book"), "Ravi read his book", "रवि ने अपनी किताब पढ़ी"),
    (("Sita", "read", "past", "his book"), "Sita read his book", "सीता ने उसकी किताब पढ़ी"),
    (
        ("the boys", "sell", "past", "their horses"),
        "The boys sold their horses",
        "लड़कों ने अपने घोड़ों को बेचा",
    ),
    # adjectives, numbers, pointing words in the oblique
    (
        ("the big dog", "bite", "past", "the man"),
        "The big dog bit the man",
        "बड़े कुत्ते ने आदमी को काटा",
    ),
    (
        ("these children", "sing", "past", "three songs"),
        "These children sang three songs",
        "इन बच्चों ने तीन गीत गाए",
    ),
    (
        ("that king", "fear", "present", "the snake"),
        "That king fears the snake",
        "वह राजा साँप से डरता है",
    ),
    (
        ("my father", "write", "past", "a letter"),
        "My father wrote a letter",
        "मेरे पिता जी ने एक चिट्ठी लिखी",
    ),
    (("I", "buy", "past", "a new car"), "I bought a new car", "मैंने एक नई गाड़ी ख़रीदी"),
]


@pytest.mark.parametrize(("clause", "english", "translation"), CLAUSES)
def test_hand_checked_clauses(clause: tuple[str, ...], english: str, translation: str) -> None:
    sentence = said(*clause)
    assert sentence.source == english
    assert sentence.target == nfc(translation)


REASONS = [
    # subject, thing, state, of the object?, the because-clause's end
    ("the cat", "the road", "tired", False, "क्योंकि वह थकी हुई थी"),
    ("the dog", "the road", "tired", False, "क्योंकि वह थका हुआ था"),
    ("the cats", "the road", "tired", False, "क्योंकि वे थकी हुई थीं"),
    ("the dogs", "the road", "hungry", False, "क्योंकि वे भूखे थे"),
    ("the cat", "the road", "wide", True, "क्योंकि सड़क चौड़ी थी"),
    ("the cat", "the bridge", "wide", True, "क्योंकि पुल चौड़ा था"),
    ("the dogs", "the rivers", "deep", True, "क्योंकि नदियाँ गहरी थीं"),
    ("my father", "the road", "tired", False, "क्योंकि वे थके हुए थे"),
    ("I", "the road", "tired", False, "क्योंकि मैं थका हुआ था"),
    ("the horse", "the field", "big", True, "क्योंकि खेत बड़ा था"),
]


@pytest.mark.parametrize(("subject", "thing", "state", "of_object", "ending"), REASONS)
def test_because_agrees(subject: str, thing: str, state: str, of_object: bool, ending: str) -> None:
    sentence = crossing(subject, thing, state, of_object)
    assert sentence.target.endswith(nfc(ending))


def crossing(subject: str, thing: str, state: str, of_object: bool) -> Sentence:
    who, what = phrase(subject), phrase(thing)
    bearer = what.noun if of_object else who.noun
    adjective = next(
        a
        for a in WORDS.adjectives
        if a.english == state and (bearer is None or a.suits(bearer) or "elder" in bearer.kinds)
    )
    return because.reasoned(WORDS.verb("cross"), who, what, adjective, of_object, polarity="not")


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def test_lecture_sentences_are_trained_on(parts: dict[str, list[Sentence]]) -> None:
    trained = {sentence.source: sentence.target for sentence in parts["train"]}
    for source, target in LECTURE.items():
        assert trained[source] == nfc(target)


def test_antecedent_and_its_measure() -> None:
    cat = crossing("the cat", "the road", "tired", False)
    assert cat.source == "The cat did not cross the road because it was tired"
    found = cat.antecedent
    assert found is not None
    words = cat.source.split()
    assert (words[found.pronoun], words[found.noun]) == ("it", "cat")
    assert (found.gender, found.number, found.form) == ("f", "s", "थकी हुई थी")
    assert agreement(cat, cat.target)
    assert agreement(cat, "बिल्ली ने सड़क पार नहीं की क्योंकि वह भूखी थी")
    assert not agreement(cat, "बिल्ली ने सड़क पार नहीं की क्योंकि वह थका हुआ था")
    assert not agreement(cat, "बिल्ली ने सड़क पार नहीं की")
    assert not agreement(cat, "")
    road = crossing("the dog", "the road", "wide", True).antecedent
    assert road is not None
    assert (road.noun, road.gender, road.form) == (6, "f", "चौड़ी थी")


def test_measure_needs_an_antecedent() -> None:
    with pytest.raises(ValueError, match="no antecedent"):
        agreement(said("we", "come", "past"), "हम आए")


def test_measure_in_the_present() -> None:
    cat = because.reasoned(
        WORDS.verb("cross"),
        phrase("the cat"),
        phrase("the road"),
        WORDS.adjective("tired"),
        False,
        ("progressive", "present"),
        "not",
    )
    assert cat.antecedent is not None
    assert cat.antecedent.form == "थकी हुई है"
    assert agreement(cat, "क्योंकि वह भूखी है")
    assert not agreement(cat, "क्योंकि वह भूखा है")


def test_known_alignments() -> None:
    cat = crossing("the cat", "the road", "tired", False)
    pairs = linked(cat)
    assert {("cat", "बिल्ली"), ("not", "नहीं"), ("cross", "पार"), ("cross", "की")} <= pairs
    assert {("road", "सड़क"), ("because", "क्योंकि"), ("it", "वह"), ("was", "थी")} <= pairs
    assert {("tired", "थकी"), ("tired", "हुई")} <= pairs
    assert not any(source in ("The", "did") or target == "ने" for source, target in pairs)
    love = next(s for s in phrasebook_corpus.lecture() if s.source == "I love you very much")
    assert love.alignment == ((0, 0), (1, 3), (1, 4), (1, 5), (2, 1), (3, 2), (4, 2))


def linked(sentence: Sentence) -> set[tuple[str, str]]:
    source, target = sentence.source.split(), sentence.target.split()
    return {(source[i], target[j]) for i, j in sentence.alignment}


def test_enough_distinct_sentences(sentences: list[Sentence]) -> None:
    assert len({sentence.source for sentence in sentences}) == len(sentences) >= 200_000
    patterns = Counter(sentence.pattern for sentence in sentences)
    assert max(patterns.values()) < 0.25 * len(sentences)
    assert len(patterns) >= 40


def test_the_seed_decides() -> None:
    once, again, other = ([(s.source, s.target) for s in generate(seed, share=0.02)] for seed in (1, 1, 2))
    assert once == again
    assert len(set(once) & set(other)) < 0.2 * len(once)


def test_load(sentences: list[Sentence], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrasebook_corpus, "generate", lambda seed: sentences)
    corpus = load_corpus("phrasebook", 1)
    parts = phrasebook_corpus.split(sentences, 1)
    assert corpus.name == "phrasebook"
    parts["train"] = phrasebook_corpus.as_typed(parts["train"], 1)
    assert len({pair.source for pair in corpus.train}) == len(corpus.train)
    for name in ("train", "valid", "test"):
        pairs = [(pair.source, pair.target) for pair in getattr(corpus, name)]
        assert pairs == [(sentence.source, sentence.target) for sentence in parts[name]]


def pairs_of(sentence: Sentence) -> set[tuple[str, str]]:
    return set(combinations(content_words(sentence.source), 2))


def test_held_out_words_are_never_trained_on_together(parts: dict[str, list[Sentence]]) -> None:
    """Every held-out sentence has two content words that no training sentence has together, whatever its pattern."""
    trained = {pair for sentence in parts["train"] for pair in pairs_of(sentence)}
    for name in ("valid", "test"):
        assert 1_200 <= len(parts[name]) <= 2_000
        assert sum(sentence.antecedent is not None for sentence in parts[name]) >= 150
        assert all(pairs_of(sentence) - trained for sentence in parts[name])


def test_held_out_patterns_have_their_share(parts: dict[str, list[Sentence]]) -> None:
    shares = {name: Counter(sentence.pattern for sentence in parts[name]) for name in ("train", "test")}
    for pattern, number in shares["test"].items():
        assert number / len(parts["test"]) <= 2 * shares["train"][pattern] / len(parts["train"]) + 0.01, pattern


def test_content_words() -> None:
    assert content_words("The cats did not cross the widest roads") == ["cat", "cross", "road", "widest"]
    assert content_words("Is she taller than me?") == ["tall"]
    assert content_words("I’m going to buy it") == ["buy", "go"]
    assert content_words("HOW ARE YOU?") == []
    assert content_words("Koror drinks tea") == ["drink", "tea"]  # a name that is spelt


def test_unseen_patterns_are_not_trained_on(parts: dict[str, list[Sentence]]) -> None:
    patterns = Counter(sentence.pattern for sentence in unseen_patterns(1, 40))
    assert set(patterns.values()) == {40}
    assert len(patterns) == 5
    assert not patterns.keys() & {sentence.pattern for sentence in parts["train"]}


def test_unseen_names_are_not_trained_on(parts: dict[str, list[Sentence]]) -> None:
    trained = {word for sentence in parts["train"] for word in re.findall(r"[A-Za-z]+", sentence.source)}
    names = {english for english, _ in spelt_names().held_out}
    assert len(names) > 50
    assert not names & trained
    found = unseen_names(1, 100)
    assert len(found) == 100
    assert all(names & set(re.findall(r"[A-Za-z]+", sentence.source)) for sentence in found)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_joined_belongs_together(seed: int) -> None:
    """Either the two say something of one pronoun, or they are of one pattern, which their words show."""
    draw = Draw(load_lexicon(), seed)
    found = [sentence for sentence in (clauses.joined(draw) for _ in range(400)) if sentence]
    assert len(found) > 100
    for sentence in found:
        one, conjunction, other = re.split(r" (and|but|so) (?=\w+)", sentence.source, maxsplit=1)
        assert conjunction in ("and", "but") or one.split()[0].partition("'")[0].lower() in clauses.PRONOUN_SUBJECTS
        assert len(one) + len(other) <= clauses.LONGEST_JOINED


def test_nobody_is_told_that_somebody_asks() -> None:
    """No "He says that sit on this mat": what is told is a statement."""
    bidding = re.compile(
        r"(that|think|hope) (sit|go|come|wait|please|give|show|help|don't \w+|let|call)\b", re.IGNORECASE
    )
    found = [sentence.source for _ in range(3000) if (sentence := clauses.told(DRAW))]
    assert len(found) > 1000
    assert not [source for source in found if bidding.search(source)]


def test_what_is_added_for_politeness() -> None:
    """As in "He is ready, thank you" and "Be careful, Ravi": the last word's own links stay."""
    found = [sentence for _ in range(2000) if (sentence := clauses.addressed(DRAW))]
    thanked = [sentence for sentence in found if re.search(r", thank you\??$", sentence.source)]
    assert thanked
    for sentence in thanked:
        assert re.search(r", धन्यवाद\??$", sentence.target)
        assert {("you", "धन्यवाद")} <= {(a.strip("?,"), b.strip("?,")) for a, b in linked(sentence)}


def test_is_someone() -> None:
    found = [sentence for _ in range(3000) if (sentence := questions.is_someone(DRAW))]
    assert len(found) > 50
    for sentence in found:
        assert re.fullmatch(r"(Is|Are) .+\?", sentence.source)
        assert re.fullmatch(r"क्या .+ (है|हैं|हो)\?", sentence.target)


def test_a_comparison_may_be_denied() -> None:
    found = [sentence for _ in range(3000) if (sentence := descriptions.comparison(DRAW))]
    denied = [sentence for sentence in found if re.search(r"( not|n't) .+ than ", sentence.source)]
    assert len(denied) > 0.1 * len(found)
    assert all(re.search(r"नहीं (है|हैं|हूँ|हो|था|थी|थे|थीं)$", sentence.target) for sentence in denied)


UNSEEN = [
    ("why_like", r"Why (do|does) .+ like .+\?", r".+ क्यों पसंद (है|हैं)\?"),
    ("is_it_more", r"(Is|Are) .+ than .+\?", r"क्या .+से .+ (है|हैं|हूँ|हो)\?"),
    ("because_liked", r".+ likes? .+ because it is .+", r".+ पसंद है क्योंकि .+ है"),
    ("owners_owner", r"[A-Za-z ]+'s [a-z]+'s .+", r".+ के \S+ (का|के|की) .+|.+ की \S+ (का|के|की) .+"),
    ("must_give", r".+ (must|should) (give|send|show) .+", r".+ (होगा|होगी|होंगे|होंगी|चाहिए)"),
]


@pytest.mark.parametrize(("pattern", "english", "translation"), UNSEEN)
def test_unseen_pattern(pattern: str, english: str, translation: str) -> None:
    found = [sentence for sentence in unseen_patterns(1, 40) if sentence.pattern == pattern]
    for sentence in found:
        assert re.fullmatch(english, sentence.source), sentence.source
        assert re.fullmatch(translation, sentence.target), sentence.target
    # What these ask of a model is not said by any other sentence of training, whatever it is called.
    assert not any(re.fullmatch(english, s.source) and re.fullmatch(translation, s.target) for s in ONE_TENTH)


def test_every_held_out_word_is_trained_on(parts: dict[str, list[Sentence]]) -> None:
    known = {w for s in parts["train"] for w in (*s.source.split(), *s.target.split())}
    for name in ("valid", "test"):
        for sentence in parts[name]:
            assert known.issuperset(sentence.source.split())
            assert known.issuperset(sentence.target.split())


def test_nouns_are_seen_often(parts: dict[str, list[Sentence]]) -> None:
    seen = Counter(w.rstrip("?") for s in parts["train"] for w in s.source.split())
    for noun in WORDS.nouns:
        forms = {noun.english.split()[0], noun.plural.split()[0]}
        assert sum(seen[form] for form in forms) >= 80, noun.english


def test_every_word_is_seen_often(sentences: list[Sentence]) -> None:
    """But the names that are spelt, and what only sentences without a slot say."""
    seen = Counter(word for sentence in sentences for word in words_of(sentence))
    spelt = {word.lower() for names in spelt_names() for pair in names for word in pair}
    fixed = {word for sentence in (*frames.fixed(), *phrasebook_corpus.lecture()) for word in words_of(sentence)}
    rare = {word for word, count in seen.items() if count < balance.FLOOR / 2} - spelt - fixed
    assert not rare
    assert len(seen.keys() - spelt) > 4_000


def words_of(sentence: Sentence) -> set[str]:
    return set(re.findall(r"[^\s,?]+", f"{sentence.source.lower()} {sentence.target}"))


def test_balance_prefers_what_is_rare() -> None:
    """Of two draws it takes the one with the rarer word; a spelt name is never rare."""
    often, seldom = said("we", "come", "past"), said("we", "sleep", "past")
    spelt = build("test", "", (unit(f"{spelt_names().trained[0][0]}:n", f"{spelt_names().trained[0][1]}:n"),), (0,))
    counted = balance.Balance()
    for sentence in (often, often, seldom):
        counted.count(sentence)
    for order in ((often, seldom), (seldom, often), (spelt, seldom)):
        drawn = iter(order)
        assert counted.draw(lambda _, drawn=drawn: next(drawn), DRAW) is seldom
    kept = counted.known_well([often, seldom, spelt], 2, always=[])
    assert list(kept) == [often, spelt]
    assert list(counted.known_well([seldom], 2, always=[seldom])) == [seldom]


def test_size_of_the_lexicon() -> None:
    assert 280 <= len(WORDS.nouns) <= 420
    assert len({verb.name for verb in WORDS.verbs}) >= 80
    assert len(WORDS.adjectives) >= 60
    assert len(WORDS.names) >= 20
    assert Counter(noun.gender for noun in WORDS.nouns)["f"] >= 80


def test_clean_text(sentences: list[Sentence]) -> None:
    word = r"[\u0900-\u0963\u0970-\u097f]+|[0-9]+"
    hindi_text = re.compile(rf"(?:{word})(?:,? (?:{word})|-(?:{word}))*\??")
    english_text = re.compile(r"[A-Z0-9][A-Za-z0-9'-]*,?(?: [A-Za-z0-9'-]+,?)*\??")
    for sentence in sentences:
        assert hindi_text.fullmatch(sentence.target), sentence.target
        assert english_text.fullmatch(sentence.source), sentence.source
        assert sentence.source.endswith("?") == sentence.target.endswith("?")
    joined = "\n".join(sentence.target for sentence in sentences)
    assert unicodedata.is_normalized("NFC", joined)
    assert "\u0964" not in joined  # no danda: a statement ends in no stop until it is written as people type


def test_articles_go_by_sound(sentences: list[Sentence]) -> None:
    """No "a umbrella", no "an university"; the words that sound unlike their letters are listed here."""
    sounded = {"university": "a", "umbrella": "an", "honest": "an", "uncle": "an", "old": "an", "useful": "a"}
    for word, article in sounded.items():
        assert english.article(word) == article
    text = " ".join(sentence.source.lower() for sentence in sentences[::3])
    assert not re.search(r"\ba (?!uni|one|us)[aeiou]", text)
    assert not re.search(r"\ban (?!honest|hour)[^aeiou]", text)


def test_negated_habit_drops_its_auxiliary(sentences: list[Sentence]) -> None:
    """As in नहीं पीता, never नहीं पीता है; what is in progress, done or so keeps it."""
    habit = re.compile(r"नहीं (?:\S+ )?\S+(?:ता|ते|ती) (?:है|हैं|हूँ|हो)\b")
    spoken = [s for s in sentences if "नहीं" in s.target and not s.pattern.startswith(("existence", "joined", "told"))]
    assert not [s.target for s in spoken if habit.search(s.target)]


def test_a_participle_alone_shows_that_women_are_many(sentences: list[Sentence]) -> None:
    """With no है after it: मेरी माता जी नहीं आ सकतीं (one, but honoured as many are), लड़की नहीं आ सकती."""
    many = re.compile(r"[A-Z]\w+ (mother|aunt|grandmother|sisters|daughters) (can't|cannot) [^,]+")
    one = re.compile(r"(She|The (girl|nurse)) (can't|cannot) [^,]+")
    for pattern, ending in ((many, "सकतीं"), (one, "सकती")):
        found = [s.target for s in sentences if pattern.fullmatch(s.source) and s.pattern != "joined"]
        assert len(found) > 10
        assert {target.split()[-1] for target in found} == {ending}


def test_polite_requests_refuse_with_na(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        words = sentence.target.split()
        if "कृपया" in words:
            assert "मत" not in words, sentence.target


def test_nothing_is_asked_when_of_a_state(sentences: list[Sentence]) -> None:
    """No "When has he stolen it?"."""
    assert not any(re.match(r"(.*, )?[Ww]hen (has|have) ", sentence.source) for sentence in sentences)


def test_counting_takes_several(sentences: list[Sentence]) -> None:
    """No "count that star"."""
    count = WORDS.verb("count")
    plurals = {noun.plural for noun in WORDS.of_kinds(*count.objects)}
    told = [s.source.rstrip("?").split() for s in sentences if s.pattern == "transitive" and " count" in s.source]
    assert told
    assert all(plurals & set(words) for words in told)


WOMEN = [
    ("Sita is a teacher", "सीता अध्यापिका है"),
    ("She is a student", "वह छात्रा है"),
    ("Mrs Sharma is a writer", "श्रीमती शर्मा लेखिका हैं"),
    ("She is a singer", "वह गायिका है"),
    ("She is a doctor", "वह डॉक्टर है"),
    ("He is a teacher", "वह अध्यापक है"),
]


@pytest.mark.parametrize(("source", "target"), WOMEN)
def test_a_womans_trade(source: str, target: str, sentences: list[Sentence]) -> None:
    subject, _, noun = source.partition(" is a ")
    who, trade = phrase(subject if subject.lower() not in PRONOUNS else subject.lower()), WORDS.noun(noun)
    named_so = as_woman(trade) if who.agreement.gender == "f" else trade
    assert f"{who.direct.replace(':n', '')} {named_so.hindi.direct} {hindi.is_(who.agreement)}" == nfc(target)
    drawn = {sentence.source: sentence.target for sentence in sentences}
    assert drawn.get(source, nfc(target)) == nfc(target)


def test_what_is_found_at_a_place(sentences: list[Sentence]) -> None:
    """A room is not dark in Hindi: there is darkness in it."""
    dark = [s for s in sentences if s.pattern == "quality" and re.search(r" (dark|crowded)$", s.source)]
    assert dark
    for sentence in dark:
        assert re.search(r"(में|पर) .*(अँधेरा|भीड़)", sentence.target), sentence.target


def test_auxiliaries_are_aligned_alike(sentences: list[Sentence]) -> None:
    """As in statements, negatives and questions: "is", "have" and "will" go with the Hindi verb, "do" never."""
    for sentence in sentences[::37]:
        if sentence.pattern not in ("transitive", "intransitive", "yes_no", "wh", "giving"):
            continue
        words, target = sentence.source.lower().split(), sentence.target.rstrip("?").split()
        for i, word in enumerate(words):
            linked_to = [target[j] for s, j in sentence.alignment if s == i]
            if word in ("do", "does", "did"):
                assert linked_to in ([], ["क्या"]), sentence
            elif word in ("is", "are", "am", "was", "were", "has", "have", "will") and i < 2:
                assert [word for word in linked_to if word != "क्या"], sentence


def test_alignments_stay_in_range(sentences: list[Sentence]) -> None:
    for sentence in sentences[::31]:
        rows, columns = len(sentence.source.split()), len(sentence.target.split())
        assert sentence.alignment
        assert all(0 <= i < rows and 0 <= j < columns for i, j in sentence.alignment)


def test_content_words_are_aligned(sentences: list[Sentence]) -> None:
    free = {"do", "does", "did", "the", "a", "an", "there", "at", "to", "it", "of", "on", "that"}
    for sentence in sentences[::23]:
        linked_words = {i for i, _ in sentence.alignment}
        for i, word in enumerate(sentence.source.split()):
            assert i in linked_words or word.lower() in free, (sentence.source, word)


def test_antecedents_hold(sentences: list[Sentence]) -> None:
    told = [s for s in sentences if s.antecedent is not None]
    assert len(told) > 20_000
    genders = Counter(s.antecedent.gender for s in told if s.antecedent)
    assert min(genders.values()) > 0.3 * len(told)
    for sentence in told[::41]:
        found = sentence.antecedent
        assert found is not None
        words = sentence.source.split()
        assert words[found.pronoun] in ("it", "they")
        heads = {n: (n.english.split()[-1], n.plural.split()[-1]) for n in WORDS.nouns}
        noun = next(n for n in WORDS.nouns if words[found.noun] in heads[n])
        assert noun.gender == found.gender
        assert agreement(sentence, sentence.target)


def test_the_adjective_decides(parts: dict[str, list[Sentence]]) -> None:
    """The same act may be explained either way, and no adjective is ever in doubt."""
    for reason in WORDS.reasons:
        of_object = {adjective.english for _, adjective in reason.of_object}
        assert not of_object & {adjective.english for adjective in reason.of_subject}
        assert reason.of_object
        assert reason.of_subject


@given(st.integers(0, 2**32))
@settings(max_examples=15)
def test_one_translation_for_any_seed(seed: int) -> None:
    draw = Draw(WORDS, seed)
    found: dict[str, str] = {}
    for pattern in phrasebook_corpus.QUOTAS:
        for _ in range(20):
            sentence = pattern(draw)
            if sentence is not None:
                assert found.setdefault(sentence.source, sentence.target) == sentence.target


NOUN_FORMS = [
    ("लड़का", "m", ("लड़का", "लड़के", "लड़के", "लड़कों")),
    ("घर", "m", ("घर", "घर", "घर", "घरों")),
    ("आदमी", "m", ("आदमी", "आदमी", "आदमी", "आदमियों")),
    ("कवि", "m", ("कवि", "कवि", "कवि", "कवियों")),
    ("आलू", "m", ("आलू", "आलू", "आलू", "आलुओं")),
    ("लड़की", "f", ("लड़की", "लड़कियाँ", "लड़की", "लड़कियों")),
    ("चिड़िया", "f", ("चिड़िया", "चिड़ियाँ", "चिड़िया", "चिड़ियों")),
    ("किताब", "f", ("किताब", "किताबें", "किताब", "किताबों")),
    ("कविता", "f", ("कविता", "कविताएँ", "कविता", "कविताओं")),
    ("चटाई", "f", ("चटाई", "चटाइयाँ", "चटाई", "चटाइयों")),
]


@pytest.mark.parametrize(("word", "gender", "forms"), NOUN_FORMS)
def test_noun_forms(word: str, gender: str, forms: tuple[str, ...]) -> None:
    assert hindi.noun_forms(word, gender) == forms


def test_verb_forms() -> None:
    they = hindi.Agreement(3, True, "f")
    assert hindi.perfective("जा", they) == "गईं"
    assert hindi.perfective("दे", hindi.DEFAULT) == "दिया"
    assert hindi.perfective("आ", they, alone=False) == "आई"
    assert hindi.future("ले", hindi.Agreement(1, False, "m")) == "लूँगा"
    assert hindi.future("आ", they) == "आएँगी"
    assert hindi.future("हो", they) == "होंगी"
    assert hindi.imperative("कर", polite=True) == "कीजिए"
    assert hindi.imperative("आ", polite=False) == "आओ"
    assert hindi.adjective("घबराया हुआ", "f", False) == "घबराई हुई"
    assert hindi.adjective("नया", "m", True) == "नए"


def test_unit_marks() -> None:
    made = unit("did not:n cross:v", "पार:v नहीं:n की:v")
    assert (made.english, made.hindi) == ("did not cross", "पार नहीं की")
    assert set(made.links) == {(1, 1), (2, 0), (2, 2)}
