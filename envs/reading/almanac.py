"""Reading Almanac: its public lexicon and grammar behind the ``Language`` protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Final

from berrypick.corpora.answerability.plans import Name, Node, Stated
from berrypick.corpora.builders.almanac import grammar
from berrypick.corpora.builders.almanac.lexicon import ALIAS, ALIAS_ASKS, FRAMES, REGISTER, RELATIONS
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Fact, Passage
from berrypick.text import tokens

_INITIAL: Final = re.compile(r"[A-Z]\. \S.*")
_YEAR: Final = re.compile(r"\d+")
_BYNAME: Final = re.compile("the ")
_PLACE: Final = re.compile(r"\w+ of \w+")
_EVENT: Final = re.compile(r"\w+ \d{4} at .+")
_NUMBERED: Final = re.compile(r".+ \(\d+\)")
#: Names and titles that are remembered: an episode asks for the same ones again and again.
_NAMES: Final = 65536
_REGISTER: Final = REGISTER.format(n="").removesuffix("()")


class Almanac:
    """See ``Language``."""

    corpora: tuple[str, ...] = ("almanac",)
    train = ("almanac-tiny", "train", 0)
    joint = True
    forms: tuple[str, ...] = ("full", "initial", "byname")

    @staticmethod
    @lru_cache(maxsize=4096)
    def plan(question: str) -> Node | None:
        """Read a question with the public grammar; a bare name asks for nothing and is no plan."""
        plan = grammar.parse_question(question)
        return None if isinstance(plan, Name) else plan

    def read(self, passage: Passage) -> Iterator[Fact]:
        """Read rosters by their title; call the subject of a profile, and of an event, by the best name on the page.

        "Thornwell of Fellmoor" on a page that tells no more may be one of several: nothing is known of them.
        """
        facts = [fact for sentence in passage.sentences for fact in self._sentence(passage.title, sentence)]
        names = {fact.subject for fact in facts}
        whole = passage.title if passage.title.split(" ")[0] in names else min(filter(_BYNAME.match, names), default="")
        for fact in facts:
            vague = " " not in fact.subject or _PLACE.fullmatch(fact.subject)
            if whole or not vague:
                yield Fact(whole if vague else fact.subject, fact.relation, fact.object)

    def _sentence(self, title: str, sentence: str) -> Sequence[Stated]:
        return grammar.read_roster(title, sentence) or grammar.read_sentence(sentence)

    def names(self, passage: Passage) -> Iterator[str]:
        """A profile's title is a full name."""
        if self.genre(passage.title) == "page":
            yield passage.title

    @staticmethod
    @lru_cache(maxsize=_NAMES)
    def form(name: str) -> str:
        """Bynames start with a small "the", initial forms with a letter and a stop; years have no form."""
        if name.startswith("the "):
            return "byname"
        if _INITIAL.fullmatch(name):
            return "initial"
        return "" if _YEAR.fullmatch(name) else "full"

    def initial(self, full: str) -> str:
        """The public convention, "T. Thornwell"."""
        return grammar.initial_form(full) if self.form(full) == "full" else ""

    @staticmethod
    @lru_cache(maxsize=_NAMES)
    def key(name: str) -> str:
        """The initial form, which is unique in a world; bynames and years stand for themselves."""
        return grammar.initial_form(name) if Almanac.form(name) == "full" else name

    def number(self, text: str) -> float:
        """Years."""
        return float(text)

    def symmetric(self, relation: str) -> bool:
        """Whether (s, o) implies (o, s)."""
        return relation in RELATIONS and RELATIONS[relation].symmetric

    def words(self, unknown: Unknown) -> tuple[str, ...]:
        """The content words of all wordings of the relation together, then those of each wording."""
        if unknown.relation == ALIAS:
            return (" ".join(tokens(REGISTER.format(n=""))),)
        return _words(unknown.relation)

    def gist(self, unknown: Unknown) -> str:
        """One word of every wording of the relation."""
        return self.words(unknown)[0] if unknown.relation == ALIAS else _gist(unknown.relation)

    def question(self, unknown: Unknown, name: str) -> str:
        """The unknown in the first wording and frame of the lexicon."""
        asks: tuple[str, ...] = ALIAS_ASKS
        if unknown.relation != ALIAS:
            row = RELATIONS[unknown.relation]
            asks = (row.asks_inverse if unknown.inverse else ()) or row.asks
        return FRAMES[0].format(np=asks[0].format(x=name))

    def list_query(self, unknown: Unknown, name: str) -> str:
        """The words of the relation's roster titles, and the name."""
        return " ".join(filter(None, (_roster(unknown.relation), name)))

    def is_list(self, title: str, unknown: Unknown, name: str) -> bool:
        """Rosters are titled by relation and object, and numbered."""
        listed = _roster(unknown.relation)
        return listed != "" and title.startswith(f"{listed} {name} (")

    def pages(self, unknown: Unknown, name: str) -> tuple[str, ...]:
        """The profile, whatever is asked."""
        return (name,)

    def is_page(self, title: str, name: str) -> bool:
        """A profile is titled by the full name."""
        return title == name

    @staticmethod
    @lru_cache(maxsize=_NAMES)
    def genre(title: str) -> str:
        """What a title tells of its page: ``event``, ``register``, ``list``, or else ``page``."""
        if _EVENT.fullmatch(title):
            return "event"
        if not _NUMBERED.fullmatch(title):
            return "page"
        return "register" if title.startswith(_REGISTER) else "list"


@cache
def _roster(relation: str) -> str:
    return RELATIONS[relation].roster.format(o="").strip() if relation in RELATIONS else ""


@cache
def _words(relation: str) -> tuple[str, ...]:
    each = [tokens(state.format(s="", o="")) for state in RELATIONS[relation].states]
    return (_distinct(word for words in each for word in words), *map(_distinct, each))


@cache
def _gist(relation: str) -> str:
    """The longest word of each wording: long words are rare ones, and one a wording leaves the name its weight."""
    each = (tokens(state.format(s="", o="")) for state in RELATIONS[relation].states)
    return _distinct(max(words, key=len) for words in each)


def _distinct(words: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(words))


ALMANAC: Final = Almanac()
