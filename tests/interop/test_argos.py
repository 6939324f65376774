"""The package of Argos Translate, held to CTranslate2, and to Argos Translate itself where it is installed."""

import json
import sys
import types
import zipfile

import pytest

from glassformer.errors import UsageError
from glassformer.interop import argos, export_model
from tests.interop.models import ENGLISH, translator

NAME = "translate-en_de-1_0"
needed = "needs pip install 'glassformer[ctranslate2]'"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A model with two vocabularies, and its package."""
    pytest.importorskip("ctranslate2", reason=needed)
    ours, out = translator("separate", d_model=64), tmp_path_factory.mktemp("argos") / "out"
    proof = export_model(ours, "argos", out, sentences=ENGLISH[:20], languages="en:de")
    assert proof.startswith("proven by ctranslate2 4") and "on 20 sentences" in proof
    return ours, out / f"{NAME}.argosmodel"


def test_the_package_is_what_argos_installs(package):
    _, path = package
    with zipfile.ZipFile(path) as found:
        inside = {name.removeprefix(f"{NAME}/") for name in found.namelist()}
        metadata = json.loads(found.read(f"{NAME}/metadata.json"))
    assert inside >= {"metadata.json", "README.md", "sentencepiece.model", "model/model.bin", "model/config.json"}
    assert (metadata["from_code"], metadata["from_name"]) == ("en", "English")
    assert (metadata["to_code"], metadata["to_name"], metadata["type"]) == ("de", "German", "translate")


def test_the_same_model_gives_the_same_bytes(package, tmp_path):
    ours, path = package
    argos.write(ours, tmp_path, languages=("en", "de"))
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_argos_translate_installs_it_and_translates(package, tmp_path, monkeypatch):
    """The real program, but for its models that split sentences, which it downloads: a line is one sentence here."""
    ours, path = package
    for name in ("stanza", "minisbd", "spacy"):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(
            SBDetect=None, Pipeline=None, models=types.SimpleNamespace(list_models=lambda: ["en"], cache_dir=None)
        ))  # fmt: skip
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    pytest.importorskip("argostranslate", reason="needs pip install argostranslate")
    from argostranslate import package as packages
    from argostranslate import sbd, settings
    from argostranslate import translate as theirs

    monkeypatch.setattr(settings, "package_data_dir", tmp_path / "packages")
    monkeypatch.setattr(settings, "package_dirs", [tmp_path / "packages"])
    monkeypatch.setattr(sbd.MiniSBDSentencizer, "split_sentences", lambda self, text: [text])
    packages.install_from_path(path)
    [installed] = packages.get_installed_packages()
    assert str(installed) == "English → German"
    engine = argos.ArgosEngine(path.parent)
    for text in ENGLISH[:5]:
        found = theirs.translate(text, "en", "de")
        pieces = engine.source.encode_all([text])
        [best] = engine.model.translate_batch(
            [[engine.source.piece(one) for one in pieces[0]]], beam_size=4, length_penalty=0.2, replace_unknowns=True,
            num_hypotheses=4,
        )  # fmt: skip
        expected = ours.target_tokenizer.decode([engine.ids[piece] for piece in best.hypotheses[0]])
        assert found == expected


def test_what_a_package_cannot_hold(tmp_path):
    pytest.importorskip("ctranslate2", reason=needed)
    with pytest.raises(UsageError, match="an Argos package has one direction"):
        export_model(translator("targets"), "argos", tmp_path / "out", languages="en:de")
    for wrong in (None, "en", "en:de:fr", "../x:de", "english:german"):
        with pytest.raises(UsageError, match="--languages SOURCE:TARGET"):
            export_model(translator(), "argos", tmp_path / "out", languages=wrong)
    with pytest.raises(UsageError, match="'qq' is no code"):
        export_model(translator(), "argos", tmp_path / "out", languages="en:qq")
    with pytest.raises(UsageError, match="--languages is for argos"):
        export_model(translator(), "ctranslate2", tmp_path / "out", languages="en:de")
