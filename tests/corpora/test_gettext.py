"""The gettext corpus, from catalogues made here."""

import logging
import struct

import polib
import pytest

from glassformer.corpora.gettext import (
    clean,
    find_catalogues,
    has_words,
    load_gettext,
    read_catalogue,
    usual_folders,
)
from glassformer.errors import InputError

METADATA = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": "nplurals=2; plural=n != 1;"}
PLAIN = [polib.POEntry(msgid=f"word number {n}", msgstr=f"शब्द क्रमांक {n}") for n in range(40)]


def catalogue(path, entries, plural_forms=METADATA["Plural-Forms"]):
    """Write a catalogue, of the kind its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = polib.POFile()
    file.metadata = METADATA | {"Plural-Forms": plural_forms}
    file.extend(entries)
    (file.save_as_mofile if path.suffix == ".mo" else file.save)(str(path))
    return path


def everything(corpus):
    return {(pair.source, pair.target) for part in (corpus.train, corpus.valid, corpus.test) for pair in part}


# Reading


@pytest.mark.parametrize("kind", ["po", "mo"])
def test_entries_are_read_with_their_plural_and_without_the_header(tmp_path, kind):
    entries = [
        polib.POEntry(msgid="Open", msgstr="खोलें"),
        polib.POEntry(msgid="Open", msgctxt="state", msgstr="खुला"),
        polib.POEntry(msgid="%d file", msgid_plural="%d files", msgstr_plural={0: "%d फ़ाइल", 1: "%d फ़ाइलें"}),
    ]
    assert sorted(read_catalogue(catalogue(tmp_path / f"a.{kind}", entries))) == sorted(
        [("Open", "खोलें"), ("Open", "खुला"), ("%d file", "%d फ़ाइल"), ("%d files", "%d फ़ाइलें")]
    )


@pytest.mark.parametrize(
    "rule, one, many",
    [
        ("nplurals=1; plural=0;", "0", "0"),
        (
            "nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;",
            "0",
            "2",
        ),
        (
            "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
            "1",
            "3",
        ),
        ("nplurals=2; plural=import os;", "0", "1"),
        ("", "0", "1"),
    ],
    ids=["Japanese", "Russian", "Arabic", "nonsense", "none"],
)
def test_the_plural_rule_says_which_forms_are_singular_and_plural(tmp_path, rule, one, many):
    entry = polib.POEntry(msgid="file", msgid_plural="files", msgstr_plural={n: str(n) for n in range(6)})
    path = catalogue(tmp_path / "a.po", [entry], rule)
    assert list(read_catalogue(path)) == [("file", one), ("files", many)]


def test_fuzzy_obsolete_and_untranslated_entries_are_left_out(tmp_path):
    entries = [
        *PLAIN,
        polib.POEntry(msgid="guessed", msgstr="शायद", flags=["fuzzy"]),
        polib.POEntry(msgid="of old", msgstr="पुराना", obsolete=True),
        polib.POEntry(msgid="not done", msgstr=""),
        polib.POEntry(msgid="OK then", msgstr="ok then"),
        polib.POEntry(msgid="translator-credits", msgstr="राम, श्याम"),
        polib.POEntry(msgid="%s: %d (%(name)s)", msgstr="%s – %d"),
        polib.POEntry(msgid="lost", msgstr="खो\x1bया"),
    ]
    catalogue(tmp_path / "hi/LC_MESSAGES/a.po", entries)
    corpus = load_gettext("hi", 1, [tmp_path])
    assert everything(corpus) == {(entry.msgid, entry.msgstr) for entry in PLAIN}
    assert corpus.name == "gettext:hi"


# Finding


def test_catalogues_are_found_in_each_place_and_each_file_once(tmp_path):
    places = ["one/hi/LC_MESSAGES/a.mo", "one/hi/b.po", "two/hi.po"]
    paths = [catalogue(tmp_path / place, PLAIN[:1]) for place in places]
    catalogue(tmp_path / "one/hi_IN/LC_MESSAGES/c.mo", PLAIN[:1])
    (tmp_path / "one/hi/LC_MESSAGES/again.mo").symlink_to(paths[0])
    found = find_catalogues("hi", [tmp_path / "one", tmp_path / "two", tmp_path / "one", tmp_path / "none"])
    assert sorted(path.resolve() for path in found) == sorted(path.resolve() for path in paths)
    assert len(find_catalogues("hi-IN", [tmp_path / "one"])) == 1


def test_the_same_message_in_two_catalogues_is_taken_once(tmp_path):
    first = catalogue(tmp_path / "hi/LC_MESSAGES/a.mo", PLAIN)
    catalogue(tmp_path / "hi/LC_MESSAGES/b.po", PLAIN)
    corpus = load_gettext("hi", 1, [tmp_path])
    pairs = [*corpus.train, *corpus.valid, *corpus.test]
    assert len(pairs) == len(PLAIN)
    assert {pair.origin for pair in pairs} == {str(first.with_name("b.po"))}  # .po before .mo


def test_the_split_is_stable_and_shares_no_text(tmp_path):
    twice = [polib.POEntry(msgid=f"phrase {n}", msgstr="वही") for n in range(5)]
    catalogue(tmp_path / "hi.po", [*PLAIN, *twice])
    corpus = load_gettext("hi", 3, [tmp_path])
    assert corpus == load_gettext("hi", 3, [tmp_path])
    assert {pair.source for pair in corpus.train} >= {entry.msgid for entry in twice}
    assert (len(corpus.valid), len(corpus.test)) == (2, 2)


def test_the_usual_folders_are_looked_in():
    assert "/usr/share/locale" in map(str, usual_folders())


# Refusals


def test_nothing_found_names_the_folders(tmp_path):
    with pytest.raises(
        InputError, match=f"no translated messages for language 'xx' in {tmp_path}/a, {tmp_path}/b; check"
    ):
        load_gettext("xx", 1, [tmp_path / "a", tmp_path / "b"])
    with pytest.raises(InputError, match="in no folder"):
        load_gettext("xx", 1, [])


@pytest.mark.parametrize("language", ["", "../hi", "*", "hi/LC_MESSAGES", "hi\n"])
def test_what_is_no_language_is_refused(tmp_path, language):
    with pytest.raises(InputError, match="is not the code of a language"):
        load_gettext(language, 1, [tmp_path])


def test_too_little_to_split_is_refused(tmp_path):
    catalogue(tmp_path / "hi.po", PLAIN[:2])
    with pytest.raises(InputError, match=r"too few pairs.*: 2 from .*hi\.po"):
        load_gettext("hi", 1, [tmp_path])


BROKEN = {
    "empty.mo": b"",
    "text.mo": b"not a catalogue",
    "short.mo": struct.pack("<I", 0x950412DE),
    "far.mo": struct.pack("<7I", 0x950412DE, 0, 5, 1 << 30, 1 << 30, 0, 0),
    "overlapping.mo": struct.pack("<7I", 0x950412DE, 0, 3, 28, 28, 0, 0) + struct.pack("<6I", *[30, 28] * 3),
    "endless.mo": struct.pack(">7I", 0x950412DE, 0, 1, 28, 28, 0, 0) + struct.pack(">2I", 0xFFFFFFF0, 28),
    "syntax.po": b'msgid "a"\nmsgstr "b"\nthis is no catalogue\n',
    "bytes.po": b'msgid "a"\nmsgstr "\xff\xfe"\n',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_catalogue_is_refused_by_the_reader(tmp_path, name):
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(InputError, match="is not a readable catalogue") as caught:
        list(read_catalogue(tmp_path / name))
    assert "\n" not in str(caught.value) and name in str(caught.value)


@pytest.mark.parametrize("name", ["overlapping.mo", "endless.mo"])
def test_a_compiled_catalogue_that_names_more_text_than_it_has_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(InputError, match="bytes of text, but it has"):
        list(read_catalogue(tmp_path / name))


@pytest.mark.parametrize("kind", ["po", "mo"])
def test_however_a_catalogue_is_cut_or_spoilt_no_other_error_comes(tmp_path, kind):
    path = catalogue(tmp_path / f"a.{kind}", PLAIN[:3])
    whole = path.read_bytes()
    spoilt = [whole[:end] for end in range(len(whole))]
    spoilt += [whole[:at] + b"\xff" + whole[at + 1 :] for at in range(len(whole))]
    for data in spoilt:
        path.write_bytes(data)
        try:
            list(read_catalogue(path))
        except InputError as error:
            assert "\n" not in str(error)


def test_broken_catalogues_are_skipped_and_named(tmp_path, caplog):
    catalogue(tmp_path / "hi/LC_MESSAGES/good.mo", PLAIN)
    for name, data in BROKEN.items():
        (tmp_path / "hi/LC_MESSAGES" / name).write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert len(everything(load_gettext("hi", 1, [tmp_path]))) == len(PLAIN)
    (record,) = caplog.records
    assert f"skipped {len(BROKEN)} broken catalogues" in record.message
    assert all(name in record.message for name in BROKEN)


def test_only_broken_catalogues_are_refused(tmp_path):
    (tmp_path / "hi.mo").write_bytes(b"no")
    with pytest.raises(InputError, match=r"1 broken catalogue\)"):
        load_gettext("hi", 1, [tmp_path])


# Cleaning


@pytest.mark.parametrize(
    "source, target, cleaned",
    [
        ("_Open", "_खोलें", ("Open", "खोलें")),
        ("Save _As…", "_इस रूप में सहेजें…", ("Save As…", "इस रूप में सहेजें…")),
        ("E_xit", "बाहर (_x)", ("Exit", "बाहर")),
        ("_Open...", "खोलें (_O)...", ("Open...", "खोलें...")),
        ("&File", "&Datei", ("File", "Datei")),
        ("E&xit", "B&eenden", ("Exit", "Beenden")),
        ("_Find", "खोजें", ("Find", "खोजें")),
        ("menu|Open", "खोलें", ("Open", "खोलें")),
        ("two\n  lines\n", "दो\nपंक्तियाँ\n", ("two lines", "दो पंक्तियाँ")),
        # Marks that are text
        ("Set LC_ALL first", "पहले LC_ALL दें", ("Set LC_ALL first", "पहले LC_ALL दें")),
        ("snake_case", "नाम", ("snake_case", "नाम")),
        ("AT&T phone", "AT&T फ़ोन", ("AT&T phone", "AT&T फ़ोन")),
        ("R&D", "अनुसंधान", ("R&D", "अनुसंधान")),
        ("Bread & Butter", "Brot & Butter", ("Bread & Butter", "Brot & Butter")),
        ("Tom &amp; Eva", "Tom &amp; Eva!", ("Tom &amp; Eva", "Tom &amp; Eva!")),
        ("a|b", "क|ख", ("a|b", "क|ख")),
        ("_one _two", "_eins _zwei", ("_one _two", "_eins _zwei")),
    ],
)
def test_messages_become_sentences(source, target, cleaned):
    assert clean(source, target) == cleaned


@pytest.mark.parametrize(
    "text",
    ["%s", "%d:%02d", "%(name)s", "%1$s / %2$s", "{0} – {name}", "$HOME", "<b>%s</b>", "&nbsp;", "%1", "12", "…", ""],
)
def test_a_message_of_placeholders_has_no_words(text):
    assert not has_words(text)


@pytest.mark.parametrize("text", ["%s files", "100% of it", "a", "हम", "<b>Yes</b>", "{n} चीज़ें"])
def test_a_message_with_a_letter_has_words(text):
    assert has_words(text)
