"""What a message shows of a text."""

from glassformer.text.printable import quote


def test_quotations_are_short_and_show_no_raw_control():
    assert quote("x" * 100) == '"' + "x" * 59 + '…"'
    assert quote("a\u202eb\xa0c\U000f0000") == '"a\\u202eb\\u00a0c\\U000f0000"'
    assert quote("क्\u200dष") == '"क्\u200dष"'
