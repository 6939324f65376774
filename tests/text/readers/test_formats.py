"""Each format, written by a writer that is not ours and read back; and each broken file, refused in one line."""

import csv
import gzip
import io
import json
import lzma
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.errors import InputError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import read_pairs
from glassformer.text.readers.lines import LONGEST
from tests.commands import write
from tests.text.readers.files import PACKERS, as_parquet, fuzzed, refusal, some_pairs, texts

# Writers


def as_csv(rows, header=("source", "target"), **options):
    text = io.StringIO()
    csv.writer(text, **options).writerows([header, *rows])
    return text.getvalue()


def as_tmx(units, head='<?xml version="1.0" encoding="UTF-8"?>', srclang="en"):
    """A TMX file; a unit is a list of (language, segment), the segment as XML."""
    body = "\n".join(
        "<tu>" + "".join(f"<tuv xml:lang={quoteattr(code)}><seg>{seg}</seg></tuv>" for code, seg in unit) + "</tu>"
        for unit in units
    )
    return f'{head}\n<tmx version="1.4"><header srclang="{srclang}"/><body>\n{body}\n</body></tmx>\n'


# UTF-16


@pytest.mark.parametrize("text", ["a\tb\nc\td\n", "अ ब\tक ख\nग\tघ\n", "We are\tहम हैं\n"])
@pytest.mark.parametrize(
    ("encoding", "iconv"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE"), ("utf-32", "UTF-32")],
)
@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl"])
def test_utf16_is_named_with_the_command_that_helps(tmp_path, text, encoding, iconv, suffix):
    path = write(tmp_path / f"a{suffix}", text.encode(encoding))
    assert refusal(path).startswith(
        f"{path}:1: the file is {iconv[:6]}; convert {iconv[:6]} to UTF-8 (iconv -f {iconv} -t UTF-8"
    )


# TSV


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("17\tWe are friends\t18\tहम दोस्त हैं", "4 columns, expected 2 (source, tab, target); the sentences seem"),
        ("17\tWe are friends\t18\tहम दोस्त हैं", "in 2 and 4: --columns 2 4, or cut -f 2,4"),
        ("Hi\tहाय\tCC-BY 2.0 (France) Attribution: #1", "seem to be in 1 and 2: --columns 1 2, or cut -f 1,2"),
        ("one\ttwo\tthree", "choose two by number: --columns SOURCE TARGET"),
        ("We are    wir sind", "it has 4 spaces where a tab should be: put a tab in their place"),
        ("alone", "put a tab between them"),
    ],
)  # fmt: skip
def test_tsv_says_what_helps(tmp_path, line, message):
    path = write(tmp_path / "a.tsv", f"{line}\n")
    assert refusal(path).startswith(f"{path}:1: ") and message in refusal(path)


def test_tsv_columns_are_chosen_by_number_or_by_name(tmp_path):
    path = write(tmp_path / "a.tsv", "id\ten\thi\n1\tyes\tहाँ\n")
    assert texts(path, ["en", "hi"]) == texts(path, ["HI", "en"][::-1]) == [("yes", "हाँ")]
    assert texts(path, [3, 2]) == [("hi", "en"), ("हाँ", "yes")]
    assert texts(path, ["3", "2"]) == texts(path, [3, 2])
    assert refusal(path, ["en", "de"]).startswith(f"{path}:1: columns id, en, hi; which of them is 'de'?")
    assert refusal(path, [2, 5]).startswith(f"{path}:1: 3 columns, expected at least 5")
    short = write(tmp_path / "b.tsv", "en\thi\na\tb\tc\n")
    assert refusal(short, ["en", "hi"]).startswith(f"{short}:2: 3 columns")


def test_the_columns_count_in_the_digest(tmp_path):
    path = str(write(tmp_path / "a.tsv", "a\tb\tc\n"))
    digests = [PairText.from_file(path, columns).digest() for columns in ([1, 2], [2, 1], ["1", "2"], ())]
    assert len(set(digests)) == 3 and digests[0] == digests[2]


# CSV


@pytest.mark.parametrize("options", [{}, {"quoting": csv.QUOTE_ALL}, {"delimiter": ";"}, {"lineterminator": "\n"}])
@fuzzed
@given(pairs=some_pairs)
def test_csv_as_the_csv_module_writes_it(tmp_path, options, pairs):
    path = write(tmp_path / "a.csv", as_csv(pairs, **options))
    assert texts(path) == pairs


def test_csv_columns_by_name_in_any_order_and_with_others(tmp_path):
    path = write(tmp_path / "a.csv", as_csv([("b", 1, "a")], ("Target", "id", "Source")))
    assert texts(path) == [("a", "b")]
    path = write(tmp_path / "b.csv", "\ufeff" + as_csv([("yes", "हाँ")], ("en", "hi")))
    assert texts(path, ["en", "hi"]) == [("yes", "हाँ")]
    assert texts(path, [1, 2]) == [("en", "hi"), ("yes", "हाँ")]


def test_a_row_of_csv_has_the_line_where_it_begins(tmp_path):
    path = write(tmp_path / "a.csv", as_csv([("two\nlines", "x"), ("y", "z")]))
    assert [(pair.source, pair.line) for pair in read_pairs(path)] == [("two\nlines", 2), ("y", 4)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("en,hi\na,b\n", ":1: columns en, hi; say which is source and which is target, as in --columns en hi"),
        (
            "id,en,hi\n1,a,b\n",
            ":1: columns id, en, hi; say which is source and which is target, as in --columns SOURCE",
        ),
        ("source,source,target\n", ":1: columns source, source, target; say which"),
        ("source,target\na,b,c\n", ":2: 3 fields, expected 2"),
        ("source,target\na,b\n\nc,d\n", ":3: the line is blank"),
        ('"I am here.","Hier bin ich, ja."\n', "no header but a pair, by number: --columns 1 2"),
        ('source,target\na,"b\nc,d\n', ":2: not CSV (unexpected end of data)"),
        ('source,target\na,b\n"a"x,b\n', ":3: not CSV"),
        ('source,target\n"' + "x\n" * 100_000, ":2: not CSV (field larger than field limit"),
        ("source,target\n", "no pairs in"),
        ("", "no pairs in"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_csv_refuses(tmp_path, content, message):
    path = write(tmp_path / "a.csv", content)
    assert message in refusal(path)


# JSON


def shapes(pairs):
    flat = [{"source": source, "target": target} for source, target in pairs]
    nested = [{"id": 1, "translation": {"hi": target, "en": source}} for source, target in pairs]
    keyed = [{"en": source, "hi": target} for source, target in pairs]
    return [(flat, ()), (nested, ("en", "hi")), (keyed, ("en", "hi"))]


@fuzzed
@given(pairs=some_pairs, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_json_lines_and_arrays_of_each_shape(tmp_path, pairs, ascii_only, indent):
    for records, columns in shapes(pairs):
        lines = "".join(json.dumps(record, ensure_ascii=ascii_only) + "\n" for record in records)
        array = json.dumps(records, ensure_ascii=ascii_only, indent=indent)
        assert texts(write(tmp_path / "a.jsonl", lines), columns) == pairs
        assert texts(write(tmp_path / "a.json", array), columns) == pairs


def test_an_array_is_read_across_chunks_with_lines_counted(tmp_path):
    records = [{"source": f"{n} " + "ü" * 1000, "target": "ß" * 700} for n in range(300)]
    path = write(tmp_path / "a.json", json.dumps(records, ensure_ascii=False, indent=1))
    read = list(read_pairs(path))
    assert [pair[:2] for pair in read] == [(record["source"], record["target"]) for record in records]
    assert [pair.line for pair in read] == [2 + 4 * n for n in range(300)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"source": "a", "target": "b"}', ":1: not JSON"),
        ('[\n{"source": "a", "target": "b"}\n{', ":3: not JSON (expected ,)"),
        ('[\n{"source": "a", "target": "b"},\n]', ":3: not JSON (a comma before the array's end)"),
        ('[{"source": "a", "target": "b"}]\n[]', ":2: not JSON (more text after the array's end)"),
        ('["a"]', ":1: JSON, but not an object"),
        ('[{"source": "a"}]', ':1: no key "target"'),
        ('[{"translation": {"en": "a", "hi": "b"}}]', ":1: translations in en, hi; say which is source"),
        ('{"translation": {"en": "a", "hi": null}}', ":1: translations in en, hi; say which"),
        ("[" * 200_000, ":1: JSON too large or too deep"),
        ("[" + " " * (LONGEST + 1), ":1: the space before the next value is longer than 1,048,576 bytes"),
        ('[\n{"source": "a", "target": "b"}' + "\n" * (LONGEST + 1), "the space before the next value is longer"),
        ('[\n{"source": "a", "target": "b", "source": "c"}]', ":2: a key comes twice; keep one of them"),
        ('[{"translation": {"en": "a", "hi": "b", "hi": "c"}}]', ":1: a key comes twice; keep one of them"),
        ('[{"source": "' + "x" * (LONGEST + 100_000), ":1: the object is longer than 1,048,576 bytes"),
        ("[]", "no pairs in"),
        (b'[{"source": "\xff', ":1: byte 0xff after it is not UTF-8"),
        (b'[{"source": "\xc3', ":1: byte 0xc3 after it is not UTF-8"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_json_refuses(tmp_path, content, message):
    path = write(tmp_path / "a.json", content)
    assert message in refusal(path)


def test_a_key_that_comes_twice_in_a_line_is_refused(tmp_path):
    good = '{"source": "a", "target": "b"}\n'
    path = write(tmp_path / "a.jsonl", good + '{"source": "a", "target": "b", "target": "c"}\n')
    assert refusal(path) == f"{path}:2: a key comes twice; keep one of them"


def test_a_language_without_text_is_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"translation": {"en": "a", "hi": null}}\n')
    assert refusal(path, ["en", "hi"]) == f'{path}:1: "hi" is not a string; put its text in quotation marks'
    assert refusal(path, ["en", "de"]).startswith(f"{path}:1: translations in en, hi; which of them is 'de'?")


# TMX

xml_sides = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", max_codepoint=0xFFFF)
).map(str.strip)  # fmt: skip


@fuzzed
@given(
    pairs=st.lists(st.tuples(xml_sides, xml_sides), min_size=1, max_size=8),
    encoding=st.sampled_from(["UTF-8", "UTF-16"]),
)
def test_tmx_by_hand(tmp_path, pairs, encoding):
    units = [[("de", "x"), ("hi", escape(target)), ("en", escape(source))] for source, target in pairs]
    data = as_tmx(units, head=f'<?xml version="1.0" encoding="{encoding}"?>').encode(encoding)
    assert texts(write(tmp_path / "a.tmx", data), ["en", "hi"]) == pairs


def test_tmx_languages_variants_codes_and_missing_sides(tmp_path):
    units = [
        [("en-GB", "colour"), ("hi_IN", "रंग")],
        [("en-US", "color"), ("en-GB", "colour"), ("hi", "रंग")],
        [("en", "only")],
        [("en", 'see <bpt i="1">&lt;b&gt;</bpt><hi>this</hi><ept i="1">&lt;/b&gt;</ept>\n  one <ph/>'), ("hi", "x")],
    ]
    path = write(tmp_path / "a.tmx", as_tmx(units))
    read = list(read_pairs(path, ["en", "hi"]))
    assert [pair[:2] for pair in read] == [
        ("colour", "रंग"), ("color", "रंग"), ("colour", "रंग"), ("only", ""), ("see this one", "x"),
    ]  # fmt: skip
    assert [pair.line for pair in read] == [3, 4, 4, 5, 6]
    assert texts(path, ["en-GB", "hi"]) == [("colour", "रंग"), ("colour", "रंग"), ("", ""), ("", "x")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_tmx([[("en", "a"), ("hi", "b")]]), ":3: sentences in en, hi; say which is source and which is target"),
        ("<tmx><body><tu><tuv xml:lang='en'><seg>a</tuv>", ":1: not XML (mismatched tag"),
        ("<tmx><body><tu>", ":1: not XML (no element found"),
        ("", ":1: not XML (no element found"),
        ("<html/>", ":1: XML, but not TMX (its root is <html>)"),
        ("<tmx><body><tu><tuv><seg>a</seg></tuv></tu></body></tmx>", ":1: a <tuv> without xml:lang"),
        ("<tmx>" + "<note>x</note>" * 200_000 + "</tmx>", "no pairs in"),
        ("<tmx><tu><tuv xml:lang='en'><seg>" + "x" * (2 * LONGEST), ": a unit or tag is longer than 1,048,576 bytes"),
        ("<tmx><header note='" + "x" * (2 * LONGEST), ": a unit or tag is longer than 1,048,576 bytes"),
        ("<?xml version='1.0' encoding='klingon'?><tmx/>", "not"),
        (
            as_tmx([[("en", f"a{n}") for n in range(11)] + [("hi", f"b{n}") for n in range(11)]]),
            ":3: 11 by 11 variants",
        ),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_tmx_refuses(tmp_path, content, message):
    path = write(tmp_path / "a.tmx", content)
    columns = () if "say which" in message else ["en", "hi"]
    assert message in refusal(path, columns)


def test_tmx_expands_no_entity_and_fetches_no_file(tmp_path):
    secret = write(tmp_path / "secret", "SECRET")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    unit = [[("en", "&{};"), ("hi", "b")]]
    for declared, used, message in (
        (f'<!DOCTYPE tmx [<!ENTITY l0 "ha">{laughs}]>', "l9", ":1: declares the entity l0"),
        (f'<!DOCTYPE tmx [<!ENTITY x SYSTEM "file://{secret}">]>', "x", ":1: declares the entity x"),
        ('<!DOCTYPE tmx SYSTEM "tmx14.dtd">', "nbsp", ":3: the entity &nbsp; is not XML's own"),
    ):
        path = write(tmp_path / "a.tmx", as_tmx(unit, head=declared).replace("&{};", f"&{used};"))
        assert message in refusal(path, ["en", "hi"])
    plain = as_tmx([[("en", "a &amp; b"), ("hi", "b")]], head='<!DOCTYPE tmx SYSTEM "tmx14.dtd">')
    assert texts(write(tmp_path / "b.tmx", plain), ["en", "hi"]) == [("a & b", "b")]


# Anything


@pytest.mark.parametrize("name", [
    "a.tsv", "a.csv", "a.jsonl", "a.json", "a.tmx", "a.parquet", "a.tsv.gz", "a.tsv.bz2", "a.tsv.xz", "a.tsv.zst",
])  # fmt: skip
@fuzzed
@given(data=st.binary(max_size=200) | st.text("{}[]\",:\\ \nab<>/&;='\t", max_size=60).map(str.encode))
def test_any_bytes_are_pairs_or_an_input_error(tmp_path, name, data):
    starts = {"a.json": b"[", "a.tmx": b"<tmx><tu>", "a.parquet": b"PAR1", "a.tsv.zst": b"\x28\xb5\x2f\xfd"}
    for content in (data, starts.get(name, b"source,target\n") + data):
        try:
            assert all(
                isinstance(side, str) for pair in texts(write(tmp_path / name, content), ["en", "hi"]) for side in pair
            )
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["a.tmx", "a.parquet", "a.json", "a.tsv.zst", "a.tsv.xz", "a.tsv.bz2"])
@fuzzed
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_good_file_with_one_wrong_byte_is_pairs_or_an_input_error(tmp_path, good_files, name, at, byte):
    data = bytearray(good_files[name])
    data[at % len(data)] = byte
    try:
        list(read_pairs(write(tmp_path / name, bytes(data)), ["en", "hi"]))
    except InputError as error:
        assert "\n" not in str(error)


@pytest.fixture(scope="module")
def good_files(tmp_path_factory):
    tsv = "en\thi\n" + "yes\tहाँ\n" * 50
    parquet = as_parquet(tmp_path_factory.mktemp("good") / "a.parquet", en=["yes"] * 50, hi=["हाँ"] * 50)
    return {
        "a.tmx": as_tmx([[("en", "yes"), ("hi", "हाँ")]] * 50).encode(),
        "a.json": json.dumps([{"en": "yes", "hi": "हाँ"}] * 50).encode(),
        "a.parquet": parquet.read_bytes(),
        **{f"a.tsv{suffix}": PACKERS[suffix](tsv.encode()) for suffix in (".zst", ".xz", ".bz2")},
    }


# Standard input


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        ('[{"source": "a", "target": "b"}]', ()),
        ('[\n{"source": "a", "target": "b"}]', ()),
        (as_tmx([[("en", "a"), ("hi", "b")]]), ("en", "hi")),
        ("en\thi\na\tb\n", ("en", "hi")),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_standard_input_is_told_by_its_first_bytes(monkeypatch, data, columns, pack):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(pack(data.encode()))))
    assert texts("-", columns) == [("a", "b")]


def test_a_bracket_may_begin_a_sentence_of_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[laughs]\t[lacht]\n")))
    assert texts("-") == [("[laughs]", "[lacht]")]


def test_a_name_that_is_not_there_may_be_of_the_other_files(tmp_path):
    path = write(tmp_path / "valid.tsv", "I am here.\tHier bin ich.\n")
    said = refusal(path, ["English", "German"])
    assert "which of them is 'English'" in said and "--valid-columns" in said and "by number" in said


def test_names_in_a_message_stay_on_its_line(tmp_path):
    path = write(tmp_path / "a.csv", as_csv([("a", "b")], ("en\n\x1b[31m", "x" * 10_000)))
    message = refusal(path)
    assert message.startswith(f'{path}:1: columns "en\\u000a\\u001b[31m", xxx') and len(message) < 400
    path = write(tmp_path / "a.tmx", as_tmx([[("e" * 10_000, "a"), ("hi", "b")]]))
    assert len(refusal(path)) < 400


# What is small and asks for much


def test_a_row_of_csv_is_bounded(tmp_path):
    path = write(tmp_path / "a.csv", 'source,target\n"a' + '\n","\n' * (LONGEST // 4))
    assert "a.csv:2: the row that begins here is longer than" in refusal(path)
    most = "x" * 60_000
    path = write(tmp_path / "b.csv", as_csv([(f"{most}\n{most}", most)] * 12))  # the rows are counted one by one
    assert len(texts(path)) == 12


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<tmx>" + "<a>" * 2000, "more than 1,000 elements within each other"),
        ("<!DOCTYPE tmx [" + "".join(f"<!ELEMENT a{n} ANY>" for n in range(80_000)), "what is before <tmx> is longer"),
    ],
)
def test_what_expat_remembers_is_bounded(tmp_path, content, message):
    assert message in refusal(write(tmp_path / "a.tmx", content), ["en", "hi"])
