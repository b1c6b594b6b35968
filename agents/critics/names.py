"""What of a plan a critique may say: no name that gives an answer away, nor one that the episode did not come to."""

from __future__ import annotations

import weakref

from berrypick.agents.critics.base import Attempt
from berrypick.corpora.answerability.mentions import Mentions, key, occurs
from berrypick.corpora.answerability.probe_queries import forms
from berrypick.corpora.corpus import Corpus
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import ALIAS, Language, languages
from berrypick.envs.scoring.outcome import supports
from berrypick.records import Entity, Hop


class Names:
    """The names of one episode's plan.

    A name may be said if the question has it or displayed evidence leads to it, hop by hop, from one that the question
    has: that a name was on some page does not tell that the plan goes through it. It is said in a form that was asked
    or displayed.

    Args:
        attempt: a finished episode.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._trace = attempt.trace
        self._gold = attempt.trace.question.gold
        self._found = [first is not None for first in attempt.outcome.first_shown]
        self._directory, self._language = _directory(attempt.trace.corpus), _language(attempt.trace.corpus)
        planned = dict.fromkeys(name for hop in self._gold for name in (hop.subject, hop.object) if name)
        self._forms = {name: self._directory.forms(name) for name in planned}
        every = [form for each in self._forms.values() for form in each]
        self._plan = {key(form) for form in every}
        self._hidden = [*attempt.trace.question.answers, *(form for form in every if not self._seen(form))]
        self._known = self._come_to()

    def question(self, hop: Hop) -> str:
        """Ask for a hop's fact by a name that may be said; "" where none may, or nobody words the relation."""
        if self._language is None or self._undecided(hop):
            return ""
        for name, inverse in ((hop.subject, False), (hop.object, True)):
            said = "" if inverse and hop.relation == ALIAS else self._said(name)
            if said:
                return self._language.question(Unknown(said, hop.relation, inverse), said)
        return ""

    def stranger(self, text: str) -> str:
        """An entity that a query or a title names, where none that it names is of the plan; "" without one to say."""
        found = self._directory.mentions.find(text)
        if self._plan.intersection(map(key, found)):
            return ""
        return next((name for name in found if not self._gives_away(name)), "")

    def _come_to(self) -> set[str]:
        known = {name for name, each in self._forms.items() if any(map(self._asked, each))}
        facts = [{hop.subject, hop.object} for hop, found in zip(self._gold, self._found, strict=True) if found]
        for _ in facts:  # a pass that adds nothing is the last that could
            known = known.union(*(fact for fact in facts if fact & known))
        return known

    def _undecided(self, hop: Hop) -> bool:
        """Whether a hop would tell how a comparison ends while its figures, the first two hops, were not displayed."""
        compares = self._trace.question.family == "comparison"
        return compares and hop not in self._gold[:2] and not all(self._found[:2])

    def _said(self, name: str) -> str:
        """The first form of a name that may be said, "" without one."""
        if name not in self._known:
            return ""
        return next((form for form in self._forms[name] if self._seen(form) and not self._gives_away(form)), "")

    def _asked(self, name: str) -> bool:
        return occurs(name, self._trace.question.text)

    def _seen(self, name: str) -> bool:
        return self._asked(name) or supports(self._trace, name)

    def _gives_away(self, name: str) -> bool:
        return any(occurs(hidden, name) for hidden in self._hidden)


class _Directory:
    """The entities of a corpus by any of their names."""

    def __init__(self, corpus: Corpus) -> None:
        self._entities: dict[str, Entity] = {}
        for entity in corpus.entities:
            for form in forms(entity):
                self._entities.setdefault(key(form), entity)
        self.mentions = Mentions(form for entity in corpus.entities for form in forms(entity))

    def forms(self, name: str) -> tuple[str, ...]:
        """A name first, then the others of its entity."""
        entity = self._entities.get(key(name))
        return tuple(dict.fromkeys((name, *(forms(entity) if entity else ()))))


_DIRECTORIES: dict[int, _Directory] = {}


def _directory(corpus: Corpus) -> _Directory:
    """Made on first use and dropped with the corpus."""
    if id(corpus) not in _DIRECTORIES:
        _DIRECTORIES[id(corpus)] = _Directory(corpus)
        weakref.finalize(corpus, _DIRECTORIES.pop, id(corpus), None)
    return _DIRECTORIES[id(corpus)]


def _language(corpus: Corpus) -> Language | None:
    return next((language for language in languages() if corpus.name.startswith(language.corpora)), None)
