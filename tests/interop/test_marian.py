"""Marian in and out, held to transformers' own MarianMTModel and MarianTokenizer where they are installed."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from glassformer.errors import InputError, UsageError
from glassformer.interop import export_model, import_model, marian
from glassformer.interop.tables import halves, reordered, shapes_of
from glassformer.interop.vocabularies import NEVER
from glassformer.model.transformer import shift_right
from glassformer.search import SearchOptions
from glassformer.special import PIECES
from glassformer.translator import Translator
from tests.interop.models import ENGLISH, opus, translator, weights

# Its tokenizer advises a package that it does without, and its loader of SentencePiece files leaves one open.
pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses", "ignore::ResourceWarning")

MODELS = {
    "the paper's": ("joint", {}),
    "several targets": ("targets", {"activation": "gelu", "output_bias": True}),
    "not tied": ("joint", {"tie_embeddings": False, "embedding_scale": False}),
    "two vocabularies": ("separate", {"activation": "silu", "position_layout": "halves", "decoder_start_id": 0}),
    "two vocabularies, not tied": ("separate", {"tie_embeddings": False, "encoder_layers": 1, "decoder_layers": 3}),
}


@pytest.mark.parametrize("name", MODELS)
def test_transformers_says_the_same(name, tmp_path):
    """Tokenizer, greedy translation and log-probabilities to 1e-5: `export` itself refuses anything else."""
    pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    kind, options = MODELS[name]
    proof = export_model(translator(kind, **options), "hf", tmp_path / "out", sentences=ENGLISH[:12])
    assert proof.startswith("proven by transformers 5") and "on 12 sentences" in proof


@pytest.mark.parametrize("name", MODELS)
def test_back_again_bit_for_bit(name, tmp_path):
    """The weights are the same but for the order of d_model, and that order is the declared one."""
    kind, options = MODELS[name]
    ours = translator(kind, **options)
    export(ours, tmp_path / "out")
    import_model(tmp_path / "out", tmp_path / "back")
    back = Translator.load(tmp_path / "back")
    config = ours.model.config
    interleaved = config.position_layout == "interleaved"
    expected = reordered(weights(ours), halves(config.d_model)) if interleaved else weights(ours)
    assert expected.keys() == weights(back).keys()
    assert all(torch.equal(expected[key], weight) for key, weight in weights(back).items())
    assert back.model.config.decoder_start_id == config.decoder_start_id
    assert [one.pieces for one in back.tokenizers] == [one.pieces for one in ours.tokenizers]
    assert back.targets == ours.targets
    to = ours.targets[0] if ours.targets else None
    assert back.source_ids(ENGLISH, to=to) == ours.source_ids(ENGLISH, to=to)


def export(ours, out):
    """Without the other engine."""
    out.mkdir()
    marian.write(ours, out)


def test_the_order_of_d_model_changes_nothing():
    """A model whose columns are halves, with its parameters reordered, computes what the interleaved one does."""
    ours, other = translator(), translator(position_layout="halves")
    other.model.load_state_dict(reordered(weights(ours), halves(32)), strict=False)
    source_BS, target_BT = torch.tensor([[5, 9, 70, 3]]), torch.tensor([[2, 8, 61]])
    torch.testing.assert_close(other.model(source_BS, target_BT), ours.model(source_BS, target_BT), rtol=0, atol=1e-5)


def test_the_table_is_reversible():
    config = translator("separate", tie_embeddings=False, output_bias=True).model.config
    table = marian.table(config)
    assert [name for names in table.values() for name in names] == list(shapes_of(config))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"positions": "rotary"}, "positions = rotary"),
        ({"norm": "rmsnorm"}, "norm = rmsnorm"),
        ({"norm_position": "pre"}, "norm_position = pre, final_norm = True"),
        ({"activation": "swiglu"}, "activation = swiglu"),
        ({"num_kv_heads": 2}, "num_kv_heads = 2"),
        ({"bias": False}, "bias = False"),
    ],
)
def test_what_no_class_holds_is_refused_by_name(options, named, tmp_path):
    with pytest.raises(UsageError, match=named) as refused:
        export_model(translator(**options), "hf", tmp_path / "out")
    setting = next(iter(options))
    assert f"--set {setting}=" in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", [{}, {"tags": ("de", "pt-br")}, {"dropped": 3}])
def test_an_imported_model_computes_what_transformers_does(case, tmp_path):
    """Ids through the vocabulary, logits within 2e-6, greedy and beam 4 the same."""
    transformers = pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    opus(tmp_path / "opus", **case)
    theirs = transformers.MarianMTModel.from_pretrained(tmp_path / "opus").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "opus")
    import_model(tmp_path / "opus", tmp_path / "model")
    ours = Translator.load(tmp_path / "model")
    assert ours.targets == (("de", "pt_br") if "tags" in case else ())
    to, tag = ("pt_br", ">>pt-br<<") if "tags" in case else (None, "")

    texts = [*ENGLISH[:40], "the  cat   ² sees", "x & y"]  # NFKC, several spaces, characters without a piece
    expected = [tokenizer(tag + text)["input_ids"] for text in texts]
    found = ours.source_ids(texts, to=to)
    their_id = numbers(ours, tokenizer)
    assert [[their_id[one] for one in row] for row in found] == expected

    target = torch.tensor(found[1])[None]
    logits = ours.model(torch.tensor(found[0])[None], shift_right(target, ours.model.config.decoder_start_id))
    their_target = torch.tensor(expected[1])[None]
    their_logits = theirs(
        input_ids=torch.tensor(expected[0])[None],
        decoder_input_ids=shift_right(their_target, theirs.config.decoder_start_token_id),
    ).logits
    columns = [their_id[one] for one in sorted(set(range(ours.model.config.vocab_size)) - never(ours))]
    own = sorted(set(range(ours.model.config.vocab_size)) - never(ours))
    torch.testing.assert_close(logits[..., own], their_logits[..., columns], rtol=0, atol=2e-6)

    banned = [one for one in range(3) if one not in never(ours)]
    for beam in (1, 4):
        generated = [
            theirs.generate(
                input_ids=torch.tensor([ids]), num_beams=beam, do_sample=False, max_new_tokens=20, length_penalty=0.0,
                early_stopping=False, suppress_tokens=[their_id[one] for one in banned],
            )[0, 1:].tolist()
            for ids in expected
        ]  # fmt: skip
        options = SearchOptions(beam=beam, max_length=20, length_penalty=0.0)
        said = ours.translate(texts, options, to=to)
        pieces = [[tokenizer.convert_ids_to_tokens(one) for one in row] for row in generated]
        same = sum(list(one.tokens) == row for one, row in zip(said, pieces, strict=True))
        assert same == len(texts), (beam, same)


def numbers(ours, tokenizer):
    """Their id of each of ours; `<unk>`'s for a piece that is not in their vocabulary."""
    theirs = tokenizer.get_vocab()
    tags = {"<2de>": ">>de<<", "<2pt_br>": ">>pt-br<<"}
    return [theirs.get(tags.get(piece, piece), theirs["<unk>"]) for piece in ours.target_tokenizer.pieces]


def never(ours):
    """Our ids that the other model has no row for; their logits make them impossible."""
    bias = ours.model.generator.bias
    return {number for number, value in enumerate(bias.tolist()) if value == NEVER}


def test_a_tokenizer_of_another_program_is_known_by_its_mark(tmp_path):
    """Its rules change text, so that the check by which ours is told from a damaged one says nothing."""
    pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    opus(tmp_path / "opus")
    ours = import_model(tmp_path / "opus", tmp_path / "model")
    assert all(one.is_imported and one.pieces[:4] == list(PIECES) for one in ours.tokenizers)
    assert not any(one.is_imported for one in translator().tokenizers)
    spm = tmp_path / "model" / "source.spm"
    spm.write_bytes(spm.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"source\.spm"):
        Translator.load(tmp_path / "model")


def test_one_vocabulary_with_a_table_for_each_side(tmp_path):
    """Nothing tied, though encoder and decoder share their pieces: three tables that differ."""
    transformers = pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    opus(tmp_path / "opus", tie_word_embeddings=False)
    import_model(tmp_path / "opus", tmp_path / "model")
    ours = Translator.load(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "opus")
    theirs = transformers.MarianMTModel.from_pretrained(tmp_path / "opus").eval()
    assert ours.config.source_vocab_size == ours.config.vocab_size and not ours.config.tie_embeddings
    own = sorted(set(range(ours.config.vocab_size)) - never(ours))
    ids = numbers(ours, tokenizer)
    [source] = ours.source_ids(ENGLISH[:1])
    read = torch.tensor([[ours.config.decoder_start_id, *own[20:25]]])
    logits = ours.model(torch.tensor([source]), read)
    theirs_of = {"input_ids": torch.tensor([[ids[one] for one in source]])}
    their_logits = theirs(**theirs_of, decoder_input_ids=torch.tensor([[ids[one] for one in read[0]]])).logits
    torch.testing.assert_close(logits[..., own], their_logits[..., [ids[one] for one in own]], rtol=0, atol=2e-6)


def test_control_tokens_in_a_text_stay_text(tmp_path):
    pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    opus(tmp_path / "opus", tags=("de",))
    ours = import_model(tmp_path / "opus", tmp_path / "model")
    for text in ("</s>", "a <pad> cat", "<2de>", ">>de<< cat"):
        symbol, *ids, end = ours.source_ids([text], to="de")[0]
        assert end == 3 and symbol == ours.source_tokenizer.target_ids("de")[0]
        assert not {0, 2, 3, symbol} & set(ids)


def test_transformers_too_reads_them_as_text(tmp_path):
    """Its tokenizer would make `</s>` in a user's text the end of the sentence, were it not told otherwise."""
    transformers = pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    ours = translator()
    export(ours, tmp_path / "out")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    texts = ["a </s> dog", "<pad> a", "a <unk> b", "</s>", "<s>"]
    assert theirs(texts)["input_ids"] == ours.source_ids(texts)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    directory = tmp_path_factory.mktemp("exported") / "out"
    export(translator(), directory)
    return directory


def piece(made, number=20):
    """`vocab.json` with this in the place of a piece."""

    def change(data):
        ids = json.loads(data)
        return json.dumps({made if one == number else name: one for name, one in ids.items()}).encode()

    return change


def config(**changes):
    def change(data):
        return json.dumps(json.loads(data) | changes).encode()

    change.__name__ = str(changes)
    return change


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("config.json", None, "missing"),
        ("config.json", lambda data: data[:50], "truncated or not JSON"),
        ("config.json", lambda data: b"[]", "expected a JSON object"),
        ("config.json", config(model_type="t5"), "is not known, only marian"),
        ("config.json", config(model_type=["marian"]), r"model_type = \['marian'\] is not known"),
        ("config.json", config(normalize_before=True), "normalize_before = True"),
        ("config.json", config(decoder_ffn_dim=64), "decoder_ffn_dim differ"),
        ("config.json", config(activation_function="quick_gelu"), "activation_function"),
        ("config.json", config(encoder_layers=10**9), "encoder_layers = 1000000000"),
        ("config.json", config(d_model="big"), "d_model = 'big'"),
        ("config.json", config(encoder_layers=3), r"encoder\.layers\.2.* is missing"),
        ("config.json", config(d_model=64), "makes it"),
        ("config.json", config(vocab_size=321), "has 320 pieces but"),
        ("config.json", config(decoder_start_token_id=-1), "decoder_start_id"),
        ("vocab.json", None, "missing"),
        ("vocab.json", lambda data: data.replace(b'"<unk>"', b'"<nunk>"'), "has no <unk>"),
        ("vocab.json", lambda data: data.replace(b": 7,", b": 8,"), "each once"),
        ("vocab.json", lambda data: data.replace(b": 1,", b": true,"), "not True"),
        ("vocab.json", piece(""), "'' cannot be a piece"),
        ("vocab.json", piece("a\0b"), "cannot be a piece"),
        ("vocab.json", piece("\ud800"), "surrogates not allowed"),
        ("source.spm", None, "missing"),
        ("source.spm", lambda data: b"", "has no pieces"),
        ("source.spm", lambda data: data[:1000], "SentencePiece"),
        ("model.safetensors", None, "missing"),
        ("model.safetensors", lambda data: data[:-10], "truncated"),
    ],
)
def test_what_is_broken_is_one_clear_line(name, change, says, exported, tmp_path):
    directory = tmp_path / "in"
    shutil.copytree(exported, directory)
    if change is None:
        (directory / name).unlink()
    else:
        (directory / name).write_bytes(change((directory / name).read_bytes()))
    with pytest.raises(InputError, match=says):
        import_model(directory, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_no_link_is_followed(exported, tmp_path):
    directory = tmp_path / "in"
    shutil.copytree(exported, directory)
    (directory / "source.spm").unlink()
    (directory / "source.spm").symlink_to(exported / "source.spm")
    with pytest.raises(InputError, match="is a link"):
        import_model(directory, tmp_path / "model")


def test_weights_that_lie(exported, tmp_path):
    """Shared embeddings that differ, a tensor that is not finite or not in float32, and whole numbers."""
    directory = tmp_path / "in"
    shutil.copytree(exported, directory)
    tensors = load_file(directory / "model.safetensors")
    other = tensors | {"model.encoder.embed_tokens.weight": tensors["model.shared.weight"] + 1}
    save_file(other, directory / "model.safetensors")
    with pytest.raises(InputError, match="says that they are shared"):
        import_model(directory, tmp_path / "model")
    tensors["model.shared.weight"][5, 5] = float("nan")
    save_file(tensors, directory / "model.safetensors")
    with pytest.raises(InputError, match="NaN"):
        import_model(directory, tmp_path / "model")
    for change, says in ((lambda one: one.double() * 1e300, "beyond float32"), (torch.Tensor.int, r"is torch\.int32")):
        save_file({name: change(one) for name, one in load_file(exported / "model.safetensors").items()},
                  directory / "model.safetensors")  # fmt: skip
        with pytest.raises(InputError, match=says):
            import_model(directory, tmp_path / "model")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_stored_table_of_positions_must_be_the_one_that_is_computed(exported, tmp_path, dtype):
    directory = tmp_path / "in"
    shutil.copytree(exported, directory)
    tensors = load_file(directory / "model.safetensors")
    angles_PK = torch.arange(40)[:, None] / 10000 ** (torch.arange(0, 32, 2) / 32)  # section 3.5 of the paper
    table_PD = torch.cat([angles_PK.sin(), angles_PK.cos()], dim=1).to(dtype)
    name = "model.decoder.embed_positions.weight"
    save_file(tensors | {name: table_PD}, directory / "model.safetensors")
    import_model(directory, tmp_path / "model")
    for other in (table_PD * 1.02, table_PD[:-1], table_PD.roll(1, 0), table_PD * float("nan"), table_PD.int()):
        save_file(tensors | {name: other.contiguous()}, directory / "model.safetensors")
        with pytest.raises(InputError, match=f"'{name}' is (no table of sinusoids|torch.int32)"):
            import_model(directory, tmp_path / "other")


class Trap:
    """What a pickle could do when it is read."""

    def __reduce__(self):
        return (exit, ("a pickle was run",))


def test_a_bin_file_gives_tensors_and_runs_nothing(exported, tmp_path):
    directory = tmp_path / "in"
    shutil.copytree(exported, directory)
    tensors = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").unlink()
    torch.save(tensors, directory / "pytorch_model.bin")
    import_model(directory, tmp_path / "model")
    torch.save(tensors | {"trap": Trap()}, directory / "pytorch_model.bin")
    with pytest.raises(InputError, match="holds more than tensors"):
        import_model(directory, tmp_path / "other")
    torch.save(tensors | {5: tensors["model.shared.weight"]}, directory / "pytorch_model.bin")
    with pytest.raises(InputError, match="expected tensors by name"):
        import_model(directory, tmp_path / "other")
