"""Single clauses of the phrasebook: hand-checked Hindi, its forms, alignments and agreement."""

import pytest

from glassformer.corpora.phrasebook import agreement, because, hindi
from glassformer.corpora.phrasebook import corpus as phrasebook_corpus
from glassformer.corpora.phrasebook.units import unit
from tests.corpora.phrasebook import WORDS, crossing, linked, nfc, phrase, said

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
        "औरत सब्ज़ियाँ बना रही थी",
    ),
    # perfective: ने, and agreement with the object
    (("the boy", "eat", "past", "the bread"), "The boy ate the bread", "लड़के ने रोटी खाई"),
    (("the boys", "eat", "past", "the mangoes"), "The boys ate the mangoes", "लड़कों ने आम खाए"),
    (("Sita", "read", "past", "the letters"), "Sita read the letters", "सीता ने चिट्ठियाँ पढ़ीं"),
    (("they", "drink", "past", "the water"), "They drank the water", "उन्होंने पानी पिया"),
    (("he", "see", "past", "the flower"), "He saw the flower", "उसने फूल देखा"),
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
    (("we", "help", "present", "the kings"), "We help the kings", "हम राजाओं की मदद करते हैं"),
    # perfect, future, ability, wish, what used to be
    (("she", "buy", "perfect", "the sari"), "She has bought the sari", "उसने साड़ी ख़रीदी है"),
    (("the dogs", "come", "perfect"), "The dogs have come", "कुत्ते आए हैं"),
    (("I", "give", "future", "the answer"), "I will give the answer", "मैं जवाब दूँगा"),
    (("you", "sleep", "future", "", "n't"), "You won't sleep", "तुम नहीं सोओगे"),
    (
        ("my mother", "cook", "future", "rice"),
        "My mother will cook rice",
        "मेरी माता जी चावल बनाएँगी",
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
    (("we", "reach", "past", "that village"), "We reached that village", "हम उस गाँव पहुँचे"),
    # a state that English calls an action
    (("he", "wear", "progressive", "a coat"), "He is wearing a coat", "वह एक कोट पहने हुए है"),
    (("she", "hold", "was-ing", "the bag"), "She was holding the bag", "वह थैला पकड़े हुए थी"),
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
        ("the big dog", "see", "past", "the man"),
        "The big dog saw the man",
        "बड़े कुत्ते ने आदमी को देखा",
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
