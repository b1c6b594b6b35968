"""What an episode has displayed, as facts: a function of the passages alone, taken in one by one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from berrypick.envs.reading.reader import ALIAS, Fact, Forms, Language, Passage


class Knowledge:
    """What an episode has displayed, as facts. Implements ``plan.Facts``.

    Args:
        language: how to read it.
        names: what the question names.
        passages: everything displayed so far, in order; ``see`` adds what comes later.

    Attributes:
        passages, titles, facts: what was displayed, its titles and links, what it states; in order, without repeats.
    """

    def __init__(self, language: Language, names: Iterable[str], passages: Iterable[Passage] = ()) -> None:
        self.language = language
        self.passages: dict[Passage, None] = {}
        self.titles: dict[str, None] = {}
        self.facts: dict[Fact, None] = {}
        self._asked = tuple(names)
        self._full_of: dict[str, str] = {}
        self._forms: dict[str, dict[str, str]] = {}
        self._related: dict[tuple[str, str, bool], dict[str, None]] = {}
        self._gathered: dict[str, Forms] = {}
        self._name(self._asked)
        for passage in passages:
            self.see(passage)

    def see(self, passage: Passage) -> None:
        """Take in one more displayed document."""
        if passage in self.passages:
            return
        self.passages[passage] = None
        self.titles.update(dict.fromkeys((passage.title, *passage.links)))
        if any([self._learn(alias) for alias in _read(self.language, passage).aliases]):
            self._forms, self._related, self._gathered = {}, {}, {}
            self._name(self._asked)
            for seen in self.passages:
                self._take_in(seen)
        else:
            self._take_in(passage)

    def _learn(self, alias: Fact) -> bool:
        """Learn what a byname stands for; whether something that was taken in goes by another key now."""
        changed = self._full_of.get(alias.subject) != alias.object
        known = alias.subject in self._full_of or alias.subject in self._forms
        self._full_of[alias.subject] = alias.object
        return changed and known

    def _take_in(self, passage: Passage) -> None:
        read = _read(self.language, passage)
        self._name(read.names)
        for fact in read.facts:
            self.facts[fact] = None
            self._name((fact.subject, fact.object))
            self._relate(fact.subject, fact.relation, fact.object)
            if self.language.symmetric(fact.relation):
                self._relate(fact.object, fact.relation, fact.subject)

    def _name(self, names: Iterable[str]) -> None:
        for name in names:
            key, form = self.key(name), self.language.form(name)
            known = self._forms.setdefault(key, {})
            if form not in known:
                known[form] = name
                self._gathered.pop(key, None)

    def _relate(self, subject: str, relation: str, object_: str) -> None:
        one, other = self.key(subject), self.key(object_)
        self._related.setdefault((one, relation, False), {})[other] = None
        self._related.setdefault((other, relation, True), {})[one] = None

    @property
    def keys(self) -> Iterable[str]:
        """The entities and literals that the question and the passages name, in order of appearance."""
        return self._forms.keys()

    def key(self, name: str) -> str:
        """One string for all known names of an entity."""
        return self.language.key(self._full_of.get(name, name))

    def forms(self, name: str) -> Forms:
        """All known names of an entity."""
        key = self.key(name)
        if key in self._gathered:
            return self._gathered[key]
        known = self._forms.get(key, {self.language.form(name): name})
        full = known.get("full") or known.get("", "")
        forms = Forms(full, known.get("initial") or (full and self.language.initial(full)), known.get("byname", ""))
        if key in self._forms:
            self._gathered[key] = forms
        return forms

    def related(self, name: str, relation: str, inverse: bool) -> list[str]:
        """Names that stand in the relation to ``name``, best known form of each, in order of finding."""
        found = self._related.get((self.key(name), relation, inverse), {})
        return [self.forms(key).best or key for key in found]

    def number(self, name: str, relation: str) -> float | None:
        """The value of a numeric relation, None while unknown."""
        for text in self.related(name, relation, False):
            try:
                return self.language.number(text)
            except ValueError:
                continue
        return None

    def settled(self, name: str, relation: str) -> bool:
        """Whether all objects of a relation of ``name`` are known: one place that states it states it in full."""
        return not self.language.symmetric(relation) and bool(self.related(name, relation, False))


class _Read(NamedTuple):
    """What a passage says: its facts, those of them that tell another name, and the full names that it shows."""

    facts: tuple[Fact, ...]
    aliases: tuple[Fact, ...]
    names: tuple[str, ...]


@lru_cache(maxsize=65536)
def _read(language: Language, passage: Passage) -> _Read:
    facts = tuple(language.read(passage))
    aliases = tuple(fact for fact in facts if fact.relation == ALIAS)
    return _Read(facts, aliases, (*language.names(passage), *passage.links))
