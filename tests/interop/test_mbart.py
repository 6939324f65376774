"""mBART-50, held to transformers' own model where it is installed."""

import json

import pytest

from glassformer.errors import InputError
from glassformer.glass.trace import trace
from glassformer.interop import import_model
from glassformer.translator import Translator
from tests.interop import relatives
from tests.interop.models import ENGLISH

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def test_mbart50_computes_what_transformers_does(tmp_path):
    transformers = pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    relatives.mbart50(tmp_path / "in")
    import_model(tmp_path / "in", tmp_path / "out")
    ours = Translator.load(tmp_path / "out")
    theirs = transformers.MBartForConditionalGeneration.from_pretrained(tmp_path / "in").eval()
    assert ours.targets == ("de_DE", "en_XX", "hi_IN")
    assert (ours.config.positions, ours.config.embedding_norm, ours.config.max_length) == ("learned", True, 40)
    known = relatives.fairseq_ids(relatives.bpe())
    languages = {name: len(known) + number for number, name in enumerate(ours.targets)}
    ids = relatives.their_ids(ours, known, languages)
    relatives.assert_same(ours, theirs, ids, "en_XX-de_DE", languages["de_DE"], ENGLISH[:200])
    cell = trace(ours, ENGLISH[0], to="en_XX-de_DE", max_length=9).cell("source_embedding.norm", row=1, column=2)
    assert cell.formula.startswith("N[1,2] = (X[1,2] − mean)")


def test_mbart25_is_refused_by_name(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "mbart"}')
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MBartTokenizer"}))
    with pytest.raises(InputError, match="mBART-25 is told its languages in another way"):
        import_model(tmp_path, tmp_path / "out")
