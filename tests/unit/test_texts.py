"""Texts that Fortnox accepts, and keys."""

import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.domain.integration_settings import Language
from invoicing.domain.keys import clean_key
from invoicing.domain.texts import clean_text

SV, EN = Language.SWEDISH, Language.ENGLISH
# Fortnox's own list, from its page on formats and encoding, as an expression.
ACCEPTED = re.compile("(?:[^\\W\\d_]|[0-9 \\n’\\\\–:.`´,;^¤#%§£$€¢¥©™°&/()=+\\-*_!?²³®½@\u0308\u030a\u00a0])*")


def every_character() -> Iterator[str]:
    """All of Unicode but halves of surrogate pairs, which no text contains."""
    return (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)


def visible(char: str) -> bool:
    """Whether a reader sees something of its own: a letter, digit, punctuation mark, symbol or private sign."""
    return unicodedata.category(char)[0] in "LNPS" or unicodedata.category(char) == "Co"


@settings(max_examples=1000)
@given(st.text(max_size=400), st.integers(10, 300), st.booleans(), st.sampled_from(Language))
def test_any_text_comes_out_acceptable_and_short_enough(text: str, limit: int, lines: bool, language: Language) -> None:
    """One refused character would refuse the whole invoice."""
    cleaned = clean_text(text, limit, language, lines=lines)

    assert len(cleaned) <= limit
    assert ACCEPTED.fullmatch(cleaned)


@settings(max_examples=300)
@given(st.text(max_size=100), st.sampled_from(Language))
def test_a_text_that_is_clean_stays_as_it_is(text: str, language: Language) -> None:
    """What Fortnox gives back can be compared with what it was given."""
    cleaned = clean_text(text, 2000, language)

    assert clean_text(cleaned, 2000, language) == cleaned


@pytest.mark.parametrize("language", Language)
def test_no_letter_and_no_digit_disappears(language: Language) -> None:
    """Over all of Unicode: a letter stays, a number is written in digits or letters."""
    lost = []
    for char in every_character():
        category = unicodedata.category(char)[0]
        if category not in "LN":
            continue
        cleaned = clean_text(f"a {char} b", 2000, language)[2:-2]
        stays = any(one.isalpha() if category == "L" else one.isalnum() or one in "½²³" for one in cleaned)
        if not stays:
            lost.append(char)

    assert lost == []


@pytest.mark.parametrize("language", Language)
def test_nothing_that_can_be_seen_vanishes(language: Language) -> None:
    """What has no likeness leaves a mark where it stood."""
    lost = [char for char in every_character() if visible(char) and clean_text(f"a{char}b", 2000, language) == "ab"]

    assert lost == []


@settings(max_examples=1000)
@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), max_size=60), st.text(max_size=60))
def test_letters_and_digits_come_out_in_their_order(words: str, other: str) -> None:
    """Whatever stands between them."""
    text = "".join(a + b for a, b in zip(words.ljust(60), other.ljust(60), strict=True))
    wanted = [one for one in unicodedata.normalize("NFC", words) if one.isalpha()]
    wanted += [str(unicodedata.decimal(one)) for one in words if one.isdecimal()]
    cleaned = clean_text(text, 5000, SV)

    left = list(cleaned)
    for one in wanted:
        assert one in left
        left.remove(one)


@pytest.mark.parametrize(
    ("text", "swedish", "english"),
    [
        ("Plock <5 kg", "Plock under 5 kg", "Plock under 5 kg"),
        ("Plock > 5 kg", "Plock över 5 kg", "Plock over 5 kg"),
        ("Plock ≥5 kg", "Plock minst 5 kg", "Plock at least 5 kg"),
        ("Plock >= 5 kg", "Plock minst 5 kg", "Plock at least 5 kg"),
        ("Plock ≤5 kg", "Plock högst 5 kg", "Plock at most 5 kg"),
        ("Plock <=5 kg", "Plock högst 5 kg", "Plock at most 5 kg"),
        ("2<vikt≤5", "2 under vikt högst 5", "2 under vikt at most 5"),
        ("Kyla <-18 °C", "Kyla under -18 °C", "Kyla under -18 °C"),
        ("<extra>", "(extra)", "(extra)"),
        ("A <-> B -> C", "A till och från B till C", "A to and from B to C"),
        ("Malmö → Oslo", "Malmö till Oslo", "Malmö to Oslo"),
        ("Malmö ← Oslo", "Malmö från Oslo", "Malmö from Oslo"),
        ("±2 mm", "+/-2 mm", "+/-2 mm"),
        ("~5 kg, ≈7", "ca 5 kg, ca 7", "approx. 5 kg, approx. 7"),
        ("a~b", "a-b", "a-b"),
        ("≠ 0", "skilt från 0", "other than 0"),
        ('19" skärm', "19 tum skärm", "19 inch skärm"),
        ("19″, 6′", "19 tum, 6’", "19 inch, 6’"),
        ("19” rack", "19 tum rack", "19 inch rack"),
        ('"Hylla 19"', "’Hylla 19’", "’Hylla 19’"),
        ("“Hylla 19”", "’Hylla 19’", "’Hylla 19’"),
        ("”Hylla 19”", "’Hylla 19’", "’Hylla 19’"),
        ("O'Neil’s", "O’Neil’s", "O’Neil’s"),
        ("3×4", "3x4", "3x4"),
        ("Pall — tung", "Pall – tung", "Pall – tung"),
        ("1 000 €, 5 °C, 10 %", "1 000 €, 5 °C, 10 %", "1 000 €, 5 °C, 10 %"),
        ("5 ‰", "5 promille", "5 per mille"),
        ("m², m³, m⁴, ㎡", "m², m³, m^4, m²", "m², m³, m^4, m²"),
        ("10⁻⁶ 10⁻² 2¹⁰ Na⁺", "10^-6 10^-2 2^10 Na^+", "10^-6 10^-2 2^10 Na^+"),
        ("Pall™", "Pall™", "Pall™"),
        ("CO₂", "CO2", "CO2"),
        ("½ pall", "½ pall", "½ pall"),
        ("¼ pall, ¾", "1/4 pall, 3/4", "1/4 pall, 3/4"),
        ("2¼ pall", "2 1/4 pall", "2 1/4 pall"),
        ("2⅓5", "2 1/3 5", "2 1/3 5"),
        ("1⁄2", "1/2", "1/2"),
        ("Ⅷ, ①, ⒈, ⑴", "VIII, (1), 1., (1)", "VIII, (1), 1., (1)"),
        ("№ 7, 20℃", "No 7, 20°C", "No 7, 20°C"),
        ("⌀ 80", "Ø 80", "Ø 80"),
        ("kW·h · Pall", "kW*h - Pall", "kW*h - Pall"),
        ("• Pall", "- Pall", "- Pall"),
        ("Vänta…", "Vänta...", "Vänta..."),
        ("[a] {b} |c|", "(a) (b) /c/", "(a) (b) /c/"),
        ("٣ 3", "3 3", "3 3"),
        ("5 ₽", "5 RUB", "5 RUB"),
        ("📦 Plock ✓", "* Plock ok", "* Plock ok"),
        ("a\tb\u200bc\u00add", "a bcd", "a bcd"),
        ("e\u0301", "é", "é"),
        ("≮5 kg, ≯ 5", "inte under 5 kg, inte över 5", "not under 5 kg, not over 5"),
        ("≰5, ≉5", "inte högst 5, inte ca 5", "not at most 5, not approx. 5"),
        ("<\u0338 5", "inte under 5", "not under 5"),
        ("2~3 pall, 2 ~3", "2-3 pall, 2 ca 3", "2-3 pall, 2 approx. 3"),
        ("25 ˚C, 90˚", "25 °C, 90°", "25 °C, 90°"),
        ("A ➡️ B ⬅ C ⇄ D", "A till B från C till och från D", "A to B from C to and from D"),
        ("3✖4", "3x4", "3x4"),
    ],
)
def test_what_fortnox_refuses_is_written_in_what_it_takes(text: str, swedish: str, english: str) -> None:
    """In words where a sign has a meaning, in the language of the integration."""
    assert (clean_text(text, 255, SV), clean_text(text, 255, EN)) == (swedish, english)


def test_line_breaks_are_kept_where_asked_for() -> None:
    """Elsewhere they are spaces: in rows Fortnox loses them."""
    assert clean_text("a\r\nb\rc\u2028d", 255, SV, lines=True) == "a\nb\nc\nd"
    assert clean_text("a\r\nb\rc\u2028d", 255, SV) == "a b c d"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" 1001\u00a0", "1001"),
        ("LA\u030aDA", "LÅDA"),
        ("\ufeffPALL\u200b", "PALL"),
        ("LA\u00ad\u030aDA", "LÅDA"),
        ("100\ufe0f", "100"),
        ("1\u034f00\u3164", "100"),
        ("A B", "A B"),
        ("", ""),
    ],
)
def test_a_key_is_what_was_meant_by_whoever_typed_it(typed: str, key: str) -> None:
    """What cannot be seen is no part of it; what can be seen stays, to be judged."""
    assert clean_key(typed) == key
