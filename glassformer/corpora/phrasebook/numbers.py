"""Numbers to a hundred and times of the clock, in words of both languages."""

HINDI = """
    एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस
    चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस
    चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन
    पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर
    बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी
    सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे सौ
""".split()
UNITS = """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
""".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def english(number: int) -> str:
    """As in "seven", "twenty-five", "one hundred" (1 to 100)."""
    if number == 100:
        return "one hundred"
    if number < 20:
        return UNITS[number - 1]
    tens, units = TENS[number // 10 - 2], number % 10
    return f"{tens}-{UNITS[units - 1]}" if units else tens


def hindi(number: int) -> str:
    """As in सात, पच्चीस, सौ (1 to 100)."""
    return HINDI[number - 1]


def numbers() -> list[tuple[str, str]]:
    """Two to a hundred in words, the small ones oftener, and in digits, which are copied."""
    words = [(english(number), hindi(number)) for number in range(2, 101)]
    digits = [(str(number), str(number)) for number in range(2, 101)]
    return 4 * words[:19] + words + digits


def clock() -> list[tuple[str, str]]:
    """Times that are plural in Hindi (all but one and half past one): (half past eight, साढ़े आठ बजे)."""
    hours = range(2, 13)
    found = [(f"{english(hour)} o'clock", f"{hindi(hour)} बजे") for hour in hours]
    found += found
    found += [(f"{hour} o'clock", f"{hour} बजे") for hour in hours]
    found += [(f"half past {english(hour)}", f"साढ़े {hindi(hour)} बजे") for hour in hours if hour > 2]
    found += [("half past two", "ढाई बजे")]
    found += [(f"quarter past {english(hour)}", f"सवा {hindi(hour)} बजे") for hour in hours]
    found += [(f"quarter to {english(hour)}", f"पौने {hindi(hour)} बजे") for hour in hours]
    return found
