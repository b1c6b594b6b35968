"""What the value of a "Field: value" sentence says: pure functions from the displayed value to names or an amount.

All of them are total: a value of another shape gives an empty list.
"""

from __future__ import annotations

import re
from typing import Final

from berrypick.corpora.builders.factbook.names import canonical, fold

_PARENTHESIS = re.compile(r"\s*\([^()]*\)")
_ROMAN = re.compile(r"[IVX]+")
_SHARE = re.compile(r"(.+?)\s+(\d+(?:\.\d+)?)%?$")
_DATE = re.compile(r"(\d{1,2} [A-Z][a-z]+ (1[5-9]\d\d|20\d\d)) \(from (?:the )?([A-Z][A-Za-z ]+)\)$")
_CITY = re.compile(r"[\d.,]+(?: million)? ([A-Za-z\u00c0-\u024f][^();:]*?)(?: \(([^()]*)\))?$")
_TITLES: Final = (
    r"(?:(?:Interim |Transition |Transitional |Acting )?(?:President|Prime Minister)|King|Queen|Emperor|Sultan|Amir"
    r"|(?:Crown )?Prince|Grand Duke|Pope|Supreme Leader|Chancellor|Premier|Taoiseach)"
)
_PERSON = re.compile(rf"(?:{_TITLES} )+([^();:,]+?)(?:, (?:Jr|Sr)\.)? \(since ")
_RANK = re.compile(r"\b(?:[A-Z][a-z]+\.|of|and|Council|General|Sir)(?= |$)")
_AMOUNTS: Final = {"million": 1e6, "billion": 1e9, "trillion": 1e12}


def first_name(value: str) -> list[str]:
    """The name before any remark: "Tripoli (Tarabulus)" is Tripoli. Two names or a remark in prose give nothing."""
    name = _PARENTHESIS.sub("", value).strip()
    return [name] if re.fullmatch(r"[^\W\d_][\w'\u2018\u2019. -]*", name) and len(name.split()) <= 4 else []


def capital_city(value: str) -> list[str]:
    """The one capital; none where there are several, or none that is called so."""
    value = re.sub(r", D\.?C\.?$", "", re.split(r"; note\b", value)[0])
    return [] if ";" in value or "," in _PARENTHESIS.sub("", value) else first_name(value)


def marked_capital(value: str) -> list[str]:
    """The city marked "(capital)" in a list of urban areas, in title case."""
    return [name for name, remark in _cities(value) if remark == "capital"]


def other_cities(value: str) -> list[str]:
    """The cities of a list of urban areas that bear no mark."""
    return [name for name, remark in _cities(value) if not remark]


def _cities(value: str) -> list[tuple[str, str]]:
    value = re.sub(r"\s*\((?:19|20)\d\d[^()]*\)", "", value)
    found = (_CITY.match(part.strip()) for part in re.split(r"[;,]\s+(?=\d)", value))
    return [(match[1].title() if match[1].isupper() else match[1], match[2] or "") for match in found if match]


def currency(value: str) -> list[str]:
    """The currency's name: "euros (EUR) per US dollar" is euros."""
    match = re.match(r"([A-Za-z\u00c0-\u024f' ]+?)(?: \(([A-Z/]+)\))? per US dollar", value)
    return [match[1]] if match and " or " not in match[1] else []


def code(value: str) -> list[str]:
    """A code of one word: ".at", "OE"."""
    return [value] if re.fullmatch(r"\.[a-z]{2}|[A-Z0-9]{1,3}", value) else []


def mountain(value: str) -> list[str]:
    """The name before the height: "Fako on Mont Cameroun 4,045 m" is Fako."""
    match = re.match(r"([^\W\d_][^\d;]*?),? [\d,]{2,}(?: m\b|$)", value)
    name = re.split(r" on | \(| at ", match[1])[0].strip() if match else ""
    return [name] if name and not re.search(r"unnamed|location|\brange\b|,", name) else []


def title(value: str) -> list[str]:
    """The title in quotation marks: '"Bundeshymne" (Federal Hymn)' is Bundeshymne."""
    match = re.match(r"[\"\u201c]([^\"\u201c\u201d]+)[\"\u201d]", value)
    return [match[1].strip(" ,")] if match else []


def person(value: str) -> list[str]:
    """The office holder: "President Alexander VAN DER BELLEN (since ...)" is Alexander Van Der Bellen."""
    match = _PERSON.match(value)
    if not match or _RANK.search(match[1]) or match[1][0].islower():
        return []
    return [" ".join(_cased(word, number) for number, word in enumerate(match[1].split()))]


def surname(value: str) -> list[str]:
    """The part of the office holder's name in capitals: Van Der Bellen. Monarchs with a number have none."""
    match = _PERSON.match(value)
    words = match[1].split() if match else []
    if any(_ROMAN.fullmatch(word) for word in words[1:]):
        return []
    capitals = [number for number, word in enumerate(words) if _capital_part(word)]
    return [" ".join(_cased(word, 0) for word in words[capitals[0] : capitals[-1] + 1])] if capitals else []


def _capital_part(word: str) -> bool:
    return any(part.isupper() and len(part) > 1 and not part.endswith(".") for part in word.split("-"))


def _cased(word: str, number: int) -> str:
    if number and _ROMAN.fullmatch(word):
        return word
    parts = (part.title() if _capital_part(part) else part for part in word.split("-"))
    return "-".join(parts)


def independence_year(value: str) -> list[str]:
    """The year of "5 July 1962 (from France)"; longer histories give nothing."""
    match = _DATE.match(value)
    return [match[2]] if match else []


def independence_from(value: str) -> list[str]:
    """The former ruler in "5 July 1962 (from France)", as a country where it is one."""
    match = _DATE.match(value)
    return [canonical(match[3])] if match else []


def neighbours(value: str) -> list[str]:
    """The countries of "Czech Republic 402 km; Germany 801 km"; exclaves and remarks in brackets are dropped."""
    parts = re.split(r"\s*(?:[;,] | and )(?=[^()]*(?:\([^()]*\)[^()]*)*$)", value)
    found = (re.match(r"([A-Z][^\d;]*?) [\d,.]+ km", _PARENTHESIS.sub("", part)) for part in _joined(parts))
    return list(dict.fromkeys(canonical(match[1]) for match in found if match))


def _joined(parts: list[str]) -> list[str]:
    """Put "Bosnia" and "Herzegovina 956 km" together again."""
    whole: list[str] = []
    for part in parts:
        if whole and not re.search(r"\d", _PARENTHESIS.sub("", whole[-1])):
            whole[-1] += f" and {part}"
        else:
            whole.append(part)
    return whole


def official_languages(value: str) -> list[str]:
    """The languages marked "(official)"."""
    return [
        name.strip()
        for name in re.findall(r"(?:^|[,;] |and )([A-Z][a-z\u00c0-\u024f]+)(?: [\d.]+%)? \(official\)", value)
    ]


def largest_partner(value: str) -> list[str]:
    """The first country of "Germany 25%, USA 9%" if its share is above the second's."""
    value = re.sub(r"\s*\((?:19|20)\d\d[^()]*\)", "", value)
    shares = [_SHARE.match(part.strip()) for part in re.split(r"%\s*[,;]?\s*", value) if part.strip()]
    pairs = [
        (match[1], float(match[2])) for match in shares if match and re.fullmatch(r"[A-Z][A-Za-z.,'& -]+", match[1])
    ]
    if not shares or len(pairs) < len(shares) or (len(pairs) > 1 and pairs[0][1] <= pairs[1][1]):
        return []
    return [canonical(pairs[0][0])]


def local_name(value: str) -> list[str]:
    """The first of the country's own names: "Cameroun/Cameroon" is Cameroun."""
    names = first_name(re.split(r"[/,;]| or ", value)[0])
    return [name for name in names if fold(name) != "none"]


def divisions(value: str) -> list[str]:
    """Names in a list of administrative divisions, marks and variants in brackets dropped."""
    parts = re.split(r"[;,:]\s*", _PARENTHESIS.sub("", _PARENTHESIS.sub("", value)).replace("*", ""))
    return [
        part
        for part in map(str.strip, parts)
        if re.fullmatch(r"[A-Z'][\w'\u2018\u2019./ -]{3,}", part) and len(part.split()) <= 4
    ]


def heritage_sites(value: str) -> list[str]:
    """Names in a list of World Heritage Sites."""
    parts = (re.sub(r"\s*\([cnm]\)$", "", part.strip()) for part in value.split(";"))
    return [
        part
        for part in parts
        if re.fullmatch(r"[A-Z][\w'\u2018\u2019.,\u2013/ -]{4,60}", part) and len(part.split()) >= 2
    ]


def ports(value: str) -> list[str]:
    """Names in a list of ports."""
    return [
        part
        for part in map(str.strip, _PARENTHESIS.sub("", value).split(","))
        if re.fullmatch(r"[A-Z][\w' .-]{2,}", part)
    ]


def members(value: str) -> list[str]:
    """Organisations of a membership list; those with a remark (observer, partner, suspended) are left out."""
    return [
        part.strip()
        for part in re.split(r",\s*(?![^()]*\))", value)
        if re.fullmatch(r"[A-Z][A-Za-z0-9 -]*", part.strip())
    ]


def amount(value: str) -> list[str]:
    """The figure that opens a value, with its unit: "83,871 sq km", "47.2%", "9,174,390"."""
    match = re.match(r"-?\$?\d[\d,.]*(?: (?:million|billion|trillion))?(?:%| sq km| km| years)?", value)
    return [match[0].rstrip(".,")] if match else []


def number(figure: str) -> float:
    """The number that a figure of ``amount`` stands for.

    >>> number("1.5 million sq km"), number("$63,300"), number("-40%")
    (1500000.0, 63300.0, -40.0)
    """
    digits = re.sub(r"[^\d.-]", "", figure.split(" ")[0])
    unit = next((factor for word, factor in _AMOUNTS.items() if word in figure), 1.0)
    return float(digits) * unit
