"""What a script can do about one unknown, on histories written by hand."""

from __future__ import annotations

from berrypick.agents.scripted.situation import MOST_CANDIDATES, Situation
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.envs.actions import Open, Search
from berrypick.envs.observations import Setup
from berrypick.envs.protocols import QUERY_LIMIT, TOPK_LIMIT
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.factbook import FACTBOOK
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Passage
from berrypick.envs.reading.view import View

BEACON, BAL = "Beacon Halvard Foundry", "Bal Harrowgate"
ROSTER = Passage(f"Payroll of {BEACON} (1)", ("T. Thornwell.",))
EVENT = Passage("Spring 1845 at Fellmoor", (f"The Lantern Poet works at {BEACON}.",))


def situation(
    unknown, *turns, joint=(), question="Who works?", budget=6, language=ALMANAC, engines=("bm25",)
) -> Situation:
    setup = Setup("tags", engines, 3, 10, budget)
    actions = tuple(action for action, _ in turns)
    shown = tuple(passages for _, passages in turns)
    view = View(setup, question, actions, shown, ("",) * len(actions))
    return Situation(unknown, joint, view, Knowledge(language, (), view.passages))


def test_what_is_possible():
    at = situation(Unknown(BEACON, "works_at", True), (Search("a"), (ROSTER,)), question=f"Who works at {BEACON}?")
    assert at.possible(Search("b")) and not at.possible(Search("a"))
    assert at.possible(Search("a", "dense")) and at.possible(Search("a", None, TOPK_LIMIT))
    assert not at.possible(Search("b" * (QUERY_LIMIT + 1)))
    assert at.possible(Open(ROSTER.title))  # it was listed
    assert at.possible(Open(BEACON))  # the question names it
    assert not at.possible(Open(BAL))
    spent = situation(Unknown(BEACON, "works_at", True), (Search("a"), ()), budget=1)
    assert not spent.possible(Search("b"))


def test_hits_of_a_joint_search_are_opened_unless_they_are_about_what_is_known():
    query = Search(f"{BEACON} {BAL}")
    hits = (Passage(BEACON, ("x",)), Passage("Tessa Thornwell", ("y",)), ROSTER)
    unknown, joint = Unknown(BEACON, "works_at", True), (BEACON, BAL)
    assert list(situation(unknown, joint=joint).together()) == [query]
    opened = list(situation(unknown, (query, hits), joint=joint).together())
    assert opened == [query, Open("Tessa Thornwell"), Open(ROSTER.title)]


def test_lists_are_opened_when_they_are_the_objects_own():
    other = Passage("Payroll of Cobalt Bormont Mills (1)", ("H. Marlmere.",))
    at = situation(Unknown(BEACON, "works_at", True), (Search("a"), (other, ROSTER)))
    assert list(at.lists()) == [Open(ROSTER.title)]


def test_candidates_are_searched_together():
    many = tuple(f"Country {letter}" for letter in "ABCDEFGHIJ")
    at = situation(Unknown("China", "import_partner", True, many), language=FACTBOOK)
    (search,) = at.among_candidates()
    assert search.query.startswith("Country A Country B") and "Country I" not in search.query
    assert search.query.endswith(FACTBOOK.gist(at.unknown))
    assert MOST_CANDIDATES == 8
    assert list(situation(Unknown("China", "import_partner", True), language=FACTBOOK).among_candidates()) == []


def test_bynames_among_the_candidates_are_looked_up_together():
    names = ("the Lantern Poet", "T. Thornwell", "the Silver Poet")
    (search,) = situation(Unknown(BAL, "born_in", True, names)).identities()
    assert search == Search("register bynames epithets the Lantern Poet the Silver Poet")
    register = Passage("Register of bynames and epithets (1)", ("The Lantern Poet: Tessa Thornwell.",))
    known = situation(Unknown(BAL, "born_in", True, names), (Search("r"), (register,)))
    assert list(known.identities()) == [Search("register bynames epithets the Silver Poet")]


def test_the_fallback_goes_from_cheap_to_wide():
    """A page, then the rosters by initial form, the name, the register, wordings, and the other engine."""
    unknown = Unknown("Tessa Thornwell", "works_at")
    ways = list(STRATEGIES["reformulate-on-miss"].ways(situation(unknown, engines=("bm25", "dense"))))
    everything, first, second = ALMANAC.words(unknown)[:3]
    assert ways == [
        Open("Tessa Thornwell"),
        Search("Payroll of T. Thornwell"),
        Search("Tessa Thornwell", None, 10),
        Open("Tessa Thornwell"),
        Search("register bynames epithets Tessa Thornwell", None, 10),
        Search(f"Tessa Thornwell {everything}"),
        Search(f"Tessa Thornwell {first}"),
        Search(f"Tessa Thornwell {everything}", "dense"),
        Search(f"Tessa Thornwell {first}", "dense"),
        Search(f"Tessa Thornwell {second}", "dense"),
    ]


def test_single_ways_ask_in_one_form():
    """No single way mixes forms of the subject's name, nor engines."""
    register = Passage("Register of bynames and epithets (1)", ("The Lantern Poet: Tessa Thornwell.",))
    turns = ((Search("r"), (register, EVENT)),)
    at = situation(Unknown("Tessa Thornwell", "works_at"), *turns, engines=("bm25", "dense"))
    forms = {"full": "Tessa Thornwell", "initial": "T. Thornwell", "byname": "the Lantern Poet"}
    for name, script in STRATEGIES.items():
        asked = [action for action in script.ways(at) if isinstance(action, Search)]
        used = {form for form, text in forms.items() for action in asked if text in action.query}
        if name != "reformulate-on-miss":
            assert len(used) <= 1, (name, asked)
            assert len({action.engine for action in asked}) <= 1, (name, asked)
        else:
            assert used == set(forms)
