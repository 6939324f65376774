"""LibreTranslate's and DeepL's interfaces, by their own clients, unchanged."""

import json
from urllib.error import HTTPError

import deepl
import pytest
from libretranslatepy import LibreTranslateAPI

from glassformer import Translator, translate_texts
from glassformer.markup import translate_markup
from tests.serving.servers import serving


@pytest.fixture(scope="module")
def translator(model):
    return Translator.load(model, engine="auto")


@pytest.fixture
def libre(server):
    return LibreTranslateAPI(server)


@pytest.fixture
def deep(server):
    return deepl.DeepLClient("no key is asked for", server_url=server)


def test_libretranslate(libre, translator):
    assert libre.translate("a b c. d e", "en", "hi") == translate_texts(translator, ["a b c. d e"])[0].text
    assert libre.languages() == [
        {"code": "en", "name": "English", "targets": ["hi"]},
        {"code": "hi", "name": "Hindi", "targets": []},
    ]
    assert libre.detect("नमस्ते abc") == [{"language": "hi", "confidence": 57.1}]  # 4 of 7 letters; vowel signs are none


def test_libretranslate_says_what_is_wrong_in_its_form(libre):
    with pytest.raises(HTTPError) as refused:
        libre.translate("a", "en", "de")
    assert refused.value.code == 422
    assert json.load(refused.value) == {"error": "nothing here translates en to de; there is en-hi"}
    refused.value.close()


def test_libretranslate_mirrors_what_it_is_asked(server, translator):
    texts = ["a b", "c d"]
    expected = translate_texts(translator, texts, n_best=3)
    found = server.post("/translate", {"q": texts, "source": "auto", "target": "hi", "alternatives": 2}).json()
    assert found["translatedText"] == [one.text for one in expected]
    assert found["alternatives"] == [[other.text for other in one.alternatives] for one in expected]
    assert found["detectedLanguage"] == {"language": "en", "confidence": 100.0}
    form = server.post("/translate", data={"q": texts, "source": "en", "target": "hi"}).json()
    assert form == {"translatedText": [one.text for one in expected]}
    parts = [("q", texts[0]), ("source", "en"), ("target", "hi"), *(("q", text) for text in texts[1:])]
    assert server.post("/translate", files=[(name, (None, text)) for name, text in parts]).json() == form


def test_libretranslate_html(server, translator):
    text = "<p>a <b>b</b></p>"
    found = server.post("/translate", {"q": text, "source": "en", "target": "hi", "format": "html"}).json()
    assert found["translatedText"] == translate_markup(translator, [text])[0].text


def test_libretranslate_health(server):
    assert server.get("/health").json() == {"status": "ok"}


def test_deepl(deep, translator):
    texts = ["a b c", "d. e"]
    found = deep.translate_text(texts, target_lang="HI")
    assert [one.text for one in found] == [one.text for one in translate_texts(translator, texts)]
    assert {one.detected_source_lang for one in found} == {"EN"}
    assert [one.billed_characters for one in found] == [5, 4]
    one = deep.translate_text("a. b", source_lang="EN", target_lang="HI", split_sentences="0")
    assert one.text == translate_texts(translator, ["a. b"], split=False)[0].text


def test_deepl_markup(deep, translator):
    text = "<p>a <b>b</b></p>"
    found = deep.translate_text(text, target_lang="HI", tag_handling="html")
    assert found.text == translate_markup(translator, [text])[0].text


def test_deepl_languages_and_usage(deep):
    assert [(one.code, one.name) for one in deep.get_source_languages()] == [("EN", "English")]
    assert [(one.code, one.name) for one in deep.get_target_languages()] == [("HI", "Hindi")]
    before = deep.get_usage().character.count
    deep.translate_text("abc", target_lang="HI")
    assert deep.get_usage().character.count == before + 3


def test_deepl_says_what_is_wrong_in_its_form(deep):
    with pytest.raises(deepl.DeepLException, match="nothing here translates this to DE"):
        deep.translate_text("a", target_lang="DE")


def test_a_glossary(model, tmp_path, translator):
    (tmp_path / "terms.tsv").write_text("b\tzebra\n", encoding="utf-8")
    with serving(tmp_path, model, terms=tmp_path / "terms.tsv") as address:
        client = deepl.DeepLClient("key", server_url=address)
        (glossary,) = client.list_glossaries()
        assert client.get_glossary(glossary.glossary_id).entry_count == 1
        assert client.get_glossary_entries(glossary) == {"b": "zebra"}
        found = client.translate_text("a b c", source_lang="EN", target_lang="HI", glossary=glossary)
        assert "zebra" in found.text
        plain = client.translate_text("a b c", source_lang="EN", target_lang="HI")
        assert plain.text == translate_texts(translator, ["a b c"])[0].text
        with pytest.raises(deepl.DeepLException, match="no glossary of that id"):
            client.translate_text("a", source_lang="EN", target_lang="HI", glossary="other")
        assert "zebra" in address.post("/v1/translate", {"text": "a b c"}).json()["translations"][0]["text"]
        libre = {"q": "a b c", "source": "en", "target": "hi"}
        assert "zebra" in address.post("/translate", libre).json()["translatedText"]
