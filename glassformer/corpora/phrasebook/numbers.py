"""Numbers to a hundred and times of the clock, in words of both languages."""

from functools import cache

from .lexicon import read_rows


@cache
def words() -> dict[int, tuple[str, str]]:
    """Each number from 1 to 100 in English and in Hindi: 25 is (twenty-five, पच्चीस)."""
    return {int(digits): (english, hindi) for digits, english, hindi in read_rows("numbers.tsv")}


def numbers() -> list[tuple[str, str]]:
    """Two to a hundred in words, those to twenty and the tens oftener, and in digits, which are copied."""
    spoken = [pair for number, pair in words().items() if number > 1]
    digits = [(str(number), str(number)) for number in range(2, 101)]
    return 4 * spoken[:19] + 2 * spoken[28::10] + spoken + 2 * digits


def clock() -> list[tuple[str, str]]:
    """Times that are plural in Hindi (all but one and half past one): (half past eight, साढ़े आठ बजे)."""
    hours = {hour: words()[hour] for hour in range(2, 13)}
    found = 2 * [(f"{english} o'clock", f"{hindi} बजे") for english, hindi in hours.values()]
    found += [(f"{hour} o'clock", f"{hour} बजे") for hour in hours]
    found += [(english, f"{hindi} बजे") for english, hindi in hours.values()]
    found += [(f"half past {english}", f"साढ़े {hindi} बजे") for hour, (english, hindi) in hours.items() if hour > 2]
    found += [("half past two", "ढाई बजे")]
    found += [(f"quarter past {english}", f"सवा {hindi} बजे") for english, hindi in hours.values()]
    found += [(f"quarter to {english}", f"पौने {hindi} बजे") for english, hindi in hours.values()]
    return found
