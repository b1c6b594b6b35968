"""The public relation lexicon: what the relations are and every way of wording them.

Agents may read all of it; it says how facts are worded, never which facts hold.

``states`` are sentence templates over ``{s}`` (subject) and ``{o}`` (object); ``asks`` are noun phrases over ``{x}``
for "the object of this relation for subject x", ``asks_inverse`` for "the subject of this relation for object x".
The last ``HELD_OUT`` of each are never used in the documents or questions of the ordinary splits.
"""

from __future__ import annotations

from typing import Final, NamedTuple

HELD_OUT: Final = 2


class Relation(NamedTuple):
    """One relation.

    Attributes:
        name: its identifier.
        subject: kind of the subject.
        object: kind of the object ("year" for literals).
        roster: title of the page that lists subjects, over ``{o}``.
        states: sentence templates over ``{s}`` and ``{o}``.
        asks: noun phrases over ``{x}`` = the subject, naming the object.
        asks_inverse: noun phrases over ``{x}`` = the object, naming the subject; empty where it is never asked.
        symmetric: whether (s, o) implies (o, s).
    """

    name: str
    subject: str
    object: str
    roster: str
    states: tuple[str, ...]
    asks: tuple[str, ...]
    asks_inverse: tuple[str, ...] = ()
    symmetric: bool = False


_ROWS: Final = (
    Relation(
        "born_in", "person", "city", "Baptisms at {o}",
        ("{s} was born in {o}.", "{s} came into the world at {o}.", "{o} was the cradle of {s}.", "{s} grew up from infancy in {o}.",
         "{s} first saw daylight in {o}.", "{o} counts {s} among its natives."),
        ("the city where {x} was born", "the birthplace of {x}", "the native city of {x}", "the city in which the life of {x} began", "the hometown of {x}"),
        ("the person born in {x}", "the native of {x}", "the person whose birthplace is {x}", "the offspring of {x}", "the person hailing from {x}"),
    ),
    Relation(
        "works_at", "person", "company", "Payroll of {o}",
        ("{s} works at {o}.", "{s} earns a living with {o}.", "{o} keeps {s} in its employment.", "{s} holds a position with {o}.",
         "{s} drew wages from {o}.", "{o} hired {s} years ago."),
        ("the company where {x} works", "the employer of {x}", "the firm that employs {x}", "the business that pays {x}", "the workplace of {x}"),
        ("the person who works at {x}", "the employee of {x}", "the person employed by {x}", "the person {x} pays", "the worker of {x}"),
    ),
    Relation(
        "studied_at", "person", "school", "Matriculations at {o}",
        ("{s} studied at {o}.", "{s} was educated at {o}.", "{s} took a degree from {o}.", "{o} taught {s} everything.",
         "{s} attended lectures at {o}.", "{o} numbers {s} among its graduates."),
        ("the school where {x} studied", "the school that {x} went to", "the school that educated {x}", "the alma mater of {x}", "the school {x} attended"),
        ("the person who studied at {x}", "the person educated at {x}", "the person who went to {x}", "the alumnus of {x}", "the person who attended {x}"),
    ),
    Relation(
        "married_to", "person", "person", "Banns for {o}",
        ("{s} married {o}.", "{s} is the spouse of {o}.", "{s} exchanged vows with {o}.", "{s} shares a household with {o}.",
         "{s} walked down the aisle with {o}.", "{s} wed {o}."),
        ("the spouse of {x}", "the person married to {x}", "the partner in marriage of {x}", "the person who wed {x}", "the husband or wife of {x}"),
        symmetric=True,
    ),
    Relation(
        "mentored_by", "person", "person", "Protegees under {o}",
        ("{s} was mentored by {o}.", "{s} learned the craft from {o}.", "{o} guided the early career of {s}.", "{s} was an apprentice to {o}.",
         "{s} owes every skill to {o}.", "{o} took {s} under wing."),
        ("the mentor of {x}", "the teacher who guided {x}", "the person who mentored {x}", "the master that {x} was apprenticed to", "the tutor of {x}"),
        ("the person mentored by {x}", "the apprentice of {x}", "the person guided by {x}", "the pupil of {x}", "the disciple of {x}"),
    ),
    Relation(
        "based_in", "company", "city", "Ratepayers of {o}",
        ("{s} is based in {o}.", "{s} has its headquarters in {o}.", "{s} runs everything from {o}.", "{o} hosts the main office of {s}.",
         "{s} operates out of {o}.", "{o} is home to {s}."),
        ("the city where {x} is based", "the headquarters city of {x}", "the city that hosts {x}", "the home city of {x}", "the seat of {x}"),
        ("the company based in {x}", "the company headquartered in {x}", "the company that runs from {x}", "the company whose home is {x}", "the firm seated in {x}"),
    ),
    Relation(
        "founded_by", "company", "person", "Charters granted to {o}",
        ("{s} was founded by {o}.", "{o} started {s} with borrowed money.", "{o} established {s}.", "{s} goes back to an idea of {o}.",
         "{o} set up {s}.", "{s} owes its existence to {o}."),
        ("the founder of {x}", "the person who founded {x}", "the person who established {x}", "the person who set up {x}", "the originator of {x}"),
        ("the company founded by {x}", "the company that {x} established", "the company that {x} started", "the company {x} set up", "the firm originated by {x}"),
    ),
    Relation(
        "owned_by", "company", "person", "Deeds in favour of {o}",
        ("{s} is owned by {o}.", "{s} belongs to {o}.", "{o} bought every share of {s}.", "{o} is the proprietor of {s}.",
         "{s} is in the hands of {o}.", "{o} possesses {s} outright."),
        ("the owner of {x}", "the proprietor of {x}", "the person who owns {x}", "the person {x} belongs to", "the possessor of {x}"),
        ("the company owned by {x}", "the company that belongs to {x}", "the company whose proprietor is {x}", "the company possessed by {x}", "the firm held by {x}"),
    ),
    Relation(
        "located_in", "school", "city", "Parishes of {o}",
        ("{s} is located in {o}.", "{s} stands in the centre of {o}.", "{s} opened its doors in {o}.", "Students of {s} lodge across {o}.",
         "{s} can be found in {o}.", "The gates of {s} are in {o}."),
        ("the city where {x} is located", "the city around {x}", "the city where {x} stands", "the city that contains {x}", "the location of {x}"),
        ("the school located in {x}", "the school that stands in {x}", "the school of the city {x}", "the school found in {x}", "the school contained in {x}"),
    ),
    Relation(
        "led_by", "school", "person", "Appointments held by {o}",
        ("{s} is led by {o}.", "{o} is the head of {s}.", "{o} directs {s}.", "Every teacher of {s} answers to {o}.",
         "{o} presides over {s}.", "{s} looks to {o} for leadership."),
        ("the head of {x}", "the person who leads {x}", "the director of {x}", "the person who presides over {x}", "the principal of {x}"),
        ("the school led by {x}", "the school headed by {x}", "the school directed by {x}", "the school {x} presides over", "the school under {x}"),
    ),
    Relation(
        "created_by", "work", "person", "Catalogue of {o}",
        ("{s} was created by {o}.", "{o} is the author of {s}.", "{o} finished {s} after long labour.", "{s} came from the imagination of {o}.",
         "{o} made {s}.", "{s} is credited to {o}."),
        ("the creator of {x}", "the author of {x}", "the person who created {x}", "the person credited with {x}", "the maker of {x}"),
        ("the work created by {x}", "the work by {x}", "the work of which {x} is the author", "the work credited to {x}", "the work made by {x}"),
    ),
    Relation(
        "set_in", "work", "city", "Vistas of {o}",
        ("{s} is set in {o}.", "{s} takes place in {o}.", "The scenes of {s} unfold around {o}.", "{s} depicts daily life in {o}.",
         "{o} is the backdrop of {s}.", "{s} plays out in {o}."),
        ("the city where {x} is set", "the setting of {x}", "the city depicted in {x}", "the backdrop of {x}", "the scene of {x}"),
        ("the work set in {x}", "the work that depicts {x}", "the work that takes place in {x}", "the work played out in {x}", "the work with {x} as backdrop"),
    ),
    Relation(
        "governed_by", "city", "person", "Seals of {o}",
        ("{s} is governed by {o}.", "{o} is the mayor of {s}.", "{o} rules {s}.", "The council of {s} obeys {o}.",
         "{o} runs the affairs of {s}.", "{s} is administered by {o}."),
        ("the governor of {x}", "the mayor of {x}", "the person who governs {x}", "the administrator of {x}", "the ruler of {x}"),
        ("the city governed by {x}", "the city whose mayor is {x}", "the city ruled by {x}", "the city administered by {x}", "the city run by {x}"),
    ),
    Relation(
        "twinned_with", "city", "city", "Treaties with {o}",
        ("{s} is twinned with {o}.", "{s} is the sister city of {o}.", "{s} has a friendship pact with {o}.", "{s} swaps delegations each year with {o}.",
         "{s} is partnered with {o}.", "{s} has long been linked to {o}."),
        ("the twin city of {x}", "the sister city of {x}", "the city twinned with {x}", "the partner city of {x}", "the city linked to {x}"),
        symmetric=True,
    ),
    Relation(
        "born_in_year", "person", "year", "Cohort of {o}",
        ("The birth of {s} fell in {o}.", "{s} dates from {o}.", "{s} arrived as a baby in {o}.", "In {o} the parents of {s} celebrated.",
         "The cradle of {s} was bought in {o}.", "The parish recorded {s} as a newborn in {o}."),
        ("the year of birth of {x}", "the year when {x} was born", "the birth year of {x}", "the year in which the life of {x} began", "the natal year of {x}"),
    ),
    Relation(
        "founded_in_year", "company", "year", "Ledger of {o}",
        ("{s} was founded in {o}.", "{s} began trading in {o}.", "The first invoice of {s} is from {o}.", "{s} has existed since {o}.",
         "{s} was registered in {o}.", "{o} saw the launch of {s}."),
        ("the founding year of {x}", "the year when {x} was founded", "the year when {x} began trading", "the year that {x} was registered", "the launch year of {x}"),
    ),
    Relation(
        "created_in_year", "work", "year", "Salon of {o}",
        ("{s} was completed in {o}.", "{s} was shown for the first time in {o}.", "The final touches to {s} came in {o}.", "{s} premiered in {o}.",
         "{s} bears the date {o}.", "{o} saw the debut of {s}."),
        ("the year of completion of {x}", "the year when {x} was completed", "the year when {x} premiered", "the date of {x}", "the debut year of {x}"),
    ),
)

RELATIONS: Final[dict[str, Relation]] = {row.name: row for row in _ROWS}

#: The relation of a byname to the full name; attested by the byname registers.
ALIAS: Final = "alias"
ALIAS_ASKS: Final = ("the one known as {x}", "the one called {x}", "the one nicknamed {x}", "the one styled {x}", "the one remembered as {x}")
REGISTER: Final = "Register of bynames and epithets ({n})"
REGISTER_ENTRY: Final = "{byname}: {full}."

#: Question frames around a noun phrase.
FRAMES: Final = ("What is {np}?", "Name {np}.", "Which is {np}?", "Find {np}.", "Tell me {np}.")
#: Frames of an intersection over two noun phrases that name the same entity.
BOTH_FRAMES: Final = ("Which is both {a} and {b}?", "Name what is both {a} and {b}.", "Find what is {a} as well as {b}.", "Tell me what is {a} and also {b}.")
#: kind -> (relation of the year, "earlier"/"later" wordings of the winner over {a} and {b}).
COMPARE: Final[dict[str, str]] = {"person": "born_in_year", "company": "founded_in_year", "work": "created_in_year"}
ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "earlier": ("the earlier of {a} and {b}", "the older of {a} and {b}", "whichever came first of {a} and {b}", "the elder of {a} and {b}"),
    "later": ("the later of {a} and {b}", "the younger of {a} and {b}", "whichever came last of {a} and {b}", "the more recent of {a} and {b}"),
}


def train_wordings(wordings: tuple[str, ...]) -> tuple[str, ...]:
    """The wordings that documents and questions of the ordinary splits use."""
    return wordings[:-HELD_OUT]


class AlmanacWording:
    """The public words of Almanac, for the audit's panel and for anyone who searches (``corpora.wording``)."""

    def phrases(self, relation: str) -> tuple[str, ...]:
        """The train paraphrases without names."""
        if relation == ALIAS:
            return tuple(ask.format(x="").strip() for ask in train_wordings(ALIAS_ASKS))
        return tuple(state.format(s="", o="").strip(" .") for state in train_wordings(RELATIONS[relation].states))

    def noun(self, relation: str) -> str:
        """What questions call the object of a relation, most simply."""
        return "" if relation == ALIAS else RELATIONS[relation].asks[1].format(x="").strip()

    def titles(self, relation: str, name: str) -> tuple[tuple[str, str], ...]:
        """The roster of ``name`` (a full name), or the byname register that lists it (any name)."""
        if relation == ALIAS:
            return (("register", self.lookup(name)),)
        return () if name.startswith("the ") else (("roster", RELATIONS[relation].roster.format(o=name)),)

    def lookup(self, name: str) -> str:
        """The title of the byname registers, with the name."""
        return f"{REGISTER.removesuffix(' ({n})')} {name}"


WORDING: Final = AlmanacWording()
