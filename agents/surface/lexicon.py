"""Words that tell relations and places in any English prose: the little that the surface scripts know."""

from __future__ import annotations

from typing import Final

#: Role that a question asks for -> words beside the name that fills it, in running text.
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "director": ("directed by", "directed", "director"),
    "composer": ("composed by", "music by", "composed", "composer", "score"),
    "performer": ("performed by", "recorded by", "sung by", "song by", "single by", "album by", "by", "singer"),
    "singer": ("performed by", "recorded by", "sung by", "song by", "by"),
    "author": ("written by", "novel by", "book by", "author", "wrote", "by"),
    "writer": ("written by", "writer", "wrote"),
    "screenwriter": ("written by", "screenplay by"),
    "producer": ("produced by", "producer"),
    "creator": ("created by", "creator"),
    "founder": ("founded by", "founder", "co-founded"),
    "editor": ("edited by", "editor"),
    "father": ("son of", "daughter of", "child of", "father", "fathered by", "born to"),
    "mother": ("mother", "and his wife", "and her husband", "born to", "daughter of", "son of"),
    "husband": ("married", "husband", "wife of", "spouse"),
    "wife": ("married", "wife", "husband of", "spouse"),
    "spouse": ("married", "wife", "husband", "spouse"),
    "child": ("father of", "mother of", "son", "daughter", "children", "child"),
    "son": ("father of", "mother of", "son", "children"),
    "daughter": ("father of", "mother of", "daughter", "children"),
    "sibling": ("brother of", "sister of", "brother", "sister", "sibling"),
    "brother": ("brother of", "brother", "sibling"),
    "sister": ("sister of", "sister", "sibling"),
}
#: Kinship that is two roles one after the other.
KIN: Final[dict[str, tuple[str, str]]] = {
    "paternal grandfather": ("father", "father"),
    "paternal grandmother": ("father", "mother"),
    "maternal grandfather": ("mother", "father"),
    "maternal grandmother": ("mother", "mother"),
    "grandfather": ("father", "father"),
    "grandmother": ("father", "mother"),
    "father-in-law": ("spouse", "father"),
    "mother-in-law": ("spouse", "mother"),
    "sibling-in-law": ("spouse", "sibling"),
    "brother-in-law": ("spouse", "brother"),
    "sister-in-law": ("spouse", "sister"),
    "stepmother": ("father", "wife"),
    "stepfather": ("mother", "husband"),
    "uncle": ("father", "brother"),
    "aunt": ("father", "sister"),
}
#: Country -> what its people are called, and other names of it.
COUNTRIES: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(others.split("|"))
    for name, _, others in (
        row.partition("=")
        for row in (
            "United States=American|U.S.|US|USA|United States of America;United Kingdom=British|English|Scottish|Welsh|"
            "England|Scotland|Wales|UK|U.K.|Great Britain;France=French;Germany=German;Italy=Italian;Spain=Spanish;"
            "India=Indian;Canada=Canadian;Australia=Australian;Japan=Japanese;China=Chinese|People's Republic of China;"
            "Russia=Russian|Soviet|Soviet Union;Iran=Iranian|Persian;Turkey=Turkish;Sweden=Swedish;Norway=Norwegian;"
            "Denmark=Danish;Finland=Finnish;Netherlands=Dutch;Belgium=Belgian;Austria=Austrian;Switzerland=Swiss;"
            "Poland=Polish;Hungary=Hungarian;Czech Republic=Czech|Czechoslovak;Romania=Romanian;Bulgaria=Bulgarian;"
            "Greece=Greek;Portugal=Portuguese;Ireland=Irish;Mexico=Mexican;Brazil=Brazilian;Argentina=Argentine|"
            "Argentinian;Chile=Chilean;Colombia=Colombian;Peru=Peruvian;Venezuela=Venezuelan;Cuba=Cuban;Egypt=Egyptian;"
            "South Africa=South African;Nigeria=Nigerian;Kenya=Kenyan;Israel=Israeli;Lebanon=Lebanese;"
            "Pakistan=Pakistani;Bangladesh=Bangladeshi;"
            "Sri Lanka=Sri Lankan;Philippines=Filipino|Philippine;Indonesia=Indonesian;"
            "Malaysia=Malaysian;Thailand=Thai;Vietnam=Vietnamese;South Korea=South Korean|Korean;Taiwan=Taiwanese;"
            "Hong Kong=Hong Kong;Singapore=Singaporean;New Zealand=New Zealander;Ukraine=Ukrainian;Serbia=Serbian;"
            "Croatia=Croatian;Slovenia=Slovenian;Slovakia=Slovak;Estonia=Estonian;Latvia=Latvian;Lithuania=Lithuanian;"
            "Iceland=Icelandic;Georgia=Georgian;Armenia=Armenian;Azerbaijan=Azerbaijani;Morocco=Moroccan;Algeria=Algerian;"
            "Tunisia=Tunisian;Ghana=Ghanaian;Ethiopia=Ethiopian;Jamaica=Jamaican;Puerto Rico=Puerto Rican;Iraq=Iraqi;"
            "Syria=Syrian;Afghanistan=Afghan;Nepal=Nepalese|Nepali;Cyprus=Cypriot;Luxembourg=Luxembourgish;Malta=Maltese"
        ).split(";")
    )
}
#: What a language-free guess would be, by expected type.
COMMON: Final[dict[str, str]] = {
    "yes/no": "yes",
    "country": "United States",
    "nationality": "American",
    "year": "2007",
    "date": "2007",
    "number": "two",
    "place": "New York City",
    "name": "United States",
}


_NATIONS: Final = frozenset(word for name, others in COUNTRIES.items() for word in (name, *others))


def is_nation(text: str) -> bool:
    """Whether a text is a country or what its people are called."""
    return text in _NATIONS
