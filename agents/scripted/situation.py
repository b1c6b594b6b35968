"""Where a script stands: one unknown fact, what is known, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from berrypick.envs.actions import Open, Search
from berrypick.envs.protocols import QUERY_LIMIT
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import ALIAS, Forms, Language
from berrypick.envs.reading.view import View
from berrypick.envs.worlds import names_title

#: Wordings that a single way tries before it gives up.
WORDINGS: Final = 2
#: Most names in one query.
MOST_CANDIDATES: Final = 8


class Situation(NamedTuple):
    """What a strategy may look at.

    Attributes:
        unknown: the fact to find.
        joint: the names of an intersection, none in other questions.
        view: the episode so far.
        knowledge: what it has displayed.
    """

    unknown: Unknown
    joint: tuple[str, ...]
    view: View
    knowledge: Knowledge

    @property
    def language(self) -> Language:
        """How the corpus words things."""
        return self.knowledge.language

    @property
    def forms(self) -> Forms:
        """The known names of the unknown's entity."""
        return self.knowledge.forms(self.unknown.entity)

    @property
    def name(self) -> str:
        """The best known name of the unknown's entity."""
        return self.forms.best

    @property
    def read(self) -> bool:
        """Whether the likeliest page about the entity was opened."""
        return next(self.pages(), None) in self.view.actions

    def possible(self, action: Search | Open) -> bool:
        """Whether an action is new, within the budget, and, for a page, allowed."""
        if action in self.view.actions:
            return False
        if isinstance(action, Search):
            works = (action.engine or self.view.setup.engines[0]) not in self.view.unavailable
            return works and self.view.searches_left > 0 and len(action.query) <= QUERY_LIMIT
        if "open" in self.view.unavailable:
            return False
        return action.title in self.knowledge.titles or names_title(self.view.question, action.title)

    def words(self, count: int = WORDINGS) -> tuple[str, ...]:
        """Wordings of the relation."""
        return self.language.words(self.unknown)[:count]

    def gist(self, name: str) -> Search:
        """Search a name with a few words that meet the relation in any wording."""
        return Search(f"{name} {self.language.gist(self.unknown)}")

    def pages(self) -> Iterator[Open]:
        """Open the entity's own pages."""
        if self.forms.full:
            yield from map(Open, self.language.pages(self.unknown, self.forms.full))

    def together(self) -> Iterator[Search | Open]:
        """Search the bare names, those of an intersection together; then open hits that are not their own pages."""
        names = self.joint or (self.name,)
        query = Search(" ".join(names))
        yield query
        for action, shown in zip(self.view.actions, self.view.shown, strict=True):
            if action == query:
                titles = (passage.title for passage in shown)
                yield from (Open(title) for title in titles if not any(self.language.is_page(title, n) for n in names))

    def lists(self) -> Iterator[Open]:
        """Open the displayed pages that list the relation."""
        for title in self.knowledge.titles:
            if self.language.is_list(title, self.unknown, self.name):
                yield Open(title)

    def identities(self) -> Iterator[Search]:
        """Look up who the candidates are that are known by byname alone, all at once."""
        known = [self.knowledge.forms(name) for name in self.unknown.candidates]
        bynames = [forms.byname for forms in known if forms.byname and not forms.full][:MOST_CANDIDATES]
        if bynames:
            yield self.register(" ".join(bynames))

    def register(self, name: str) -> Search:
        """Search the registers for the other names of an entity."""
        return Search(f"{self.language.words(Unknown(name, ALIAS))[0]} {name}")

    def among_candidates(self) -> Iterator[Search]:
        """Search for all candidates at once."""
        known = [self.knowledge.forms(name).best for name in self.unknown.candidates[:MOST_CANDIDATES]]
        if known:
            yield self.gist(" ".join(known))
