"""Strategies by hand over an engine whose every answer is known, and under anything that should change nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick.corpora.engines.base import Mask
from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Search
from berrypick.envs.observations import Setup
from berrypick.envs.perturbations.episode_config import EpisodeConfig
from berrypick.envs.scoring.moves import Context
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.strategies import effective_move, reformulation
from berrypick.envs.scoring.trace import Trace, Turn
from berrypick.envs.simulation import Simulation
from berrypick.envs.worlds import World, open_world
from berrypick.records import Hit
from berrypick.text import tokens

#: Document -> the sets of words that find it.
KEYS = {
    "p1": ["tessa thornwell"],
    "r1": ["t thornwell", "employer thornwell", "staff northern halvard foundry"],
    "c1": ["lantern poet post"],
    "b1": ["lantern poet"],
    "p3": ["northern halvard foundry", "company based"],
    "c2": ["n halvard foundry moved"],
    "p4": ["quillport"],
    "p6": ["osric penn"],
}


class Keyed:
    """Finds a document by any of its keys, in order of documents; counts what it was asked."""

    name = "bm25"

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.asked: list[str] = []

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        self.asked += queries
        return [[Hit(position, 1.0) for position in self._find(set(tokens(query)))][:k] for query in queries]

    def _find(self, words: set[str]) -> list[int]:
        found = (id for id, keys in KEYS.items() if any(set(key.split()) <= words for key in keys))
        return sorted(self.corpus.position[id] for id in found)


class Toy(World):
    """The toy corpus behind the keyed engine, whatever the engine is called; "works" shows where Tessa does."""

    def engine(self, name: str) -> Keyed:  # type: ignore[override]
        return Keyed(self.corpus)

    def snippets(self, query: str, hits: Sequence[Hit]) -> tuple[tuple[int, int], ...]:
        page = self.corpus.position["p1"]
        works = {(page, 0): (page, 1)} if "works" in tokens(query) else {}
        return tuple(works.get(spot, spot) for spot in super().snippets(query, hits))


def play(corpus: Corpus, question: str, *actions: str) -> Trace:
    setup = Setup("tags", ("bm25", "dense"), 3, 50, 50)
    simulation = Simulation(Toy(corpus), corpus.question_by_id[question], EpisodeConfig(setup))
    for action in actions:
        simulation.play(action)
    return simulation.trace


def outcome(corpus: Corpus, question: str, *actions: str) -> Outcome:
    engine = Keyed(corpus)
    return analyse(play(corpus, question, *actions), {"bm25": engine, "dense": engine})


def find(query: str) -> str:
    return f"<search>{query}</search>"


def open_(title: str) -> str:
    return f"<open>{title}</open>"


def answer(text: str) -> str:
    return f"<answer>{text}</answer>"


FULL = "bm25/asked/names:full"
NEXT = "bm25/found/names:full"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # p1 shows sentence 1 ("She works at ...") where the query holds "works", an attestation of hop 1 of q1.
        ("Tessa Thornwell works", FULL),  # raw names+words; the name alone finds p1
        ("In which city is the company where Tessa Thornwell works?", FULL),  # raw whole; the name alone finds p1
        ("Tessa Thornwell works zzz qqq please", FULL),  # filler
        ("works works THORNWELL tessa works", FULL),  # order, case, repeats
        ("T. Thornwell", "bm25/asked/names:initial"),
        ("T. Thornwell zzz", "bm25/asked/names:initial"),
        ("Tessa, works or T. Thornwell", FULL),  # finds p1 and r1; p1 is first and attests the hop; full alone finds it
        ("Staff of Northern Halvard Foundry (1)", "bm25/own/names"),  # the company's name alone does not find r1
        # "thornwell" alone finds nothing, "employer" alone neither: names+words, and "employer" is the agent's own.
        ("Thornwell employer", "bm25/own/names+words"),
        ("Thornwell employer zzz", "bm25/own/names+words"),
        # c1 needs the byname and "post"; names alone find b1, not c1.
        ("Lantern Poet post", "bm25/own/names+words"),
    ],
)
def test_effective_form_of_the_first_hop(toy_corpus: Corpus, query: str, expected: str) -> None:
    assert outcome(toy_corpus, "q1", find(query)).strategy == (expected,)


def test_a_title_around_a_name_is_reduced_to_the_name(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "r1", ["halvard foundry"])
    query = find("Staff of Northern Halvard Foundry (1)")
    found = outcome(toy_corpus, "q2", open_("Northern Halvard Foundry"), query)
    assert found.raw_moves[1] == "bm25/own/names+words"  # "1" is no part of a name
    assert outcome(toy_corpus, "q1", query).strategy == ("bm25/own/names:full",)


def test_words_alone(toy_corpus: Corpus) -> None:
    # q2's hop 1: p3, sentence 0. Its words company and based find it; the name "Tessa" does not.
    assert outcome(toy_corpus, "q2", find("Maud Ellery company based")).strategy == ("bm25/own/words",)
    # raw words stay words
    assert outcome(toy_corpus, "q2", find("company based")).strategy == ("bm25/own/words",)


def test_filler_does_not_change_the_source(toy_corpus: Corpus) -> None:
    # q1 asks "company ... based": the words alone find p3; zzz is the agent's own and not needed.
    assert outcome(toy_corpus, "q1", find("company based")).strategy == ("bm25/asked/words",)
    assert outcome(toy_corpus, "q1", find("company based zzz")).strategy == ("bm25/asked/words",)


def test_whole_stays_whole_where_all_of_it_is_needed(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    # q1's content words: city, company, tessa, thornwell, works, based. All but one are needed to find p3.
    monkeypatch.setitem(KEYS, "p3", ["city company thornwell works based"])
    monkeypatch.setitem(KEYS, "p1", ["zzz"])
    found = outcome(toy_corpus, "q1", find("In which city is the company where Tessa Thornwell works based?"))
    assert found.strategy == ("bm25/asked/whole",)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # q1's content words: city, company, tessa, thornwell, works, based; four of them make a query whole.
        ("Thornwell employer company city works", "bm25/own/names+words"),  # "Thornwell employer" finds r1
        ("company based city works", "bm25/asked/words"),  # "company based" finds p3
    ],
)
def test_words_of_the_question_are_filler_too(toy_corpus: Corpus, query: str, expected: str) -> None:
    found = outcome(toy_corpus, "q1", find(query))
    assert found.raw_moves[0].endswith("/whole")
    assert found.strategy == (expected,)


class Exact:
    """Finds document 0 by given sets of words and by nothing else, as a list cut off at topk may."""

    name = "bm25"

    def __init__(self, *keys: str) -> None:
        self.keys = [set(key.split()) for key in keys]

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        return [[Hit(0, 1.0)] if set(tokens(query)) in self.keys else [] for query in queries]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["lantern poet"], "bm25/asked/names:byname"),  # the other name is filler, though both names find nothing
        (["lantern poet osric penn"], "bm25/own/names"),
        (["born zzz"], "bm25/own/words"),
    ],
)
def test_names_that_crowd_each_other_out(toy_corpus: Corpus, keys: list[str], expected: str) -> None:
    query = "Lantern Poet Osric Penn born zzz"
    turn = Turn("", Search(query), "bm25", 3, (0,), (1.0,), ((0, 0),), True, "")
    context = Context(lexicon(toy_corpus), "Where was the Lantern Poet born?")
    assert str(effective_move(turn, context.query(query), [0], context, Exact(*keys))) == expected


def test_fruitless_pages_teach_names_but_no_words(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "r1", ["thornwell wrote"])
    junk = find("Osric Penn"), open_("Osric Penn")  # "He wrote nothing.": no evidence for q1
    plain, padded = (outcome(toy_corpus, "q1", *before, find("Thornwell wrote")) for before in ((), junk))
    assert padded.raw_moves[-1] == "bm25/both/names+words"
    assert padded.strategy == plain.strategy == ("bm25/own/names+words",)
    # A look-up shows no evidence either, but the name it tells was learnt there.
    monkeypatch.setitem(KEYS, "b1", ["osric register"])
    monkeypatch.setitem(KEYS, "c1", ["iron gull"])
    looked_up = outcome(toy_corpus, "q1", find("Osric register"), find("Iron Gull post"))
    assert looked_up.strategy == ("bm25/found/names:byname",)
    assert outcome(toy_corpus, "q1", find("Iron Gull post")).strategy == ("bm25/own/names:byname",)


def test_a_name_comes_from_where_it_was_learnt_first(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    # The foundry's page is evidence and tells Quillport; the register tells Tessa Thornwell once more, for nothing.
    monkeypatch.setitem(KEYS, "r1", ["thornwell quillport"])
    first, last = find("Northern Halvard Foundry"), find("Thornwell Quillport")
    plain, padded = outcome(toy_corpus, "q1", first, last), outcome(toy_corpus, "q1", first, find("Lantern Poet"), last)
    assert (plain.raw_moves[-1], padded.raw_moves[-1]) == ("bm25/both/names", "bm25/found/names")
    assert plain.strategy == padded.strategy == ("bm25/own/names:full", "bm25/both/names")


def test_two_hops_and_an_answer(toy_corpus: Corpus) -> None:
    found = outcome(
        toy_corpus, "q1", find("Tessa Thornwell works"), find("Northern Halvard Foundry"), answer("Quillport")
    )
    assert found.strategy == (FULL, NEXT, "answer")
    assert found.raw_moves == ("bm25/asked/names+words", NEXT, "answer")
    assert found.fine == ("bm25/asked/names+words/new", f"{NEXT}/new", "answer")
    assert found.route == ("profile", "profile") and found.first_shown == (0, 1)


def test_moves_of_different_source_or_tool_stay_apart(toy_corpus: Corpus) -> None:
    # q2: p3 names the city, p4 its mayor; the first name is asked, the second found.
    searched = outcome(toy_corpus, "q2", find("Northern Halvard Foundry"), find("Quillport"))
    assert searched.strategy == (FULL, NEXT)
    opened = outcome(toy_corpus, "q2", open_("Northern Halvard Foundry"), open_("Quillport"), answer("x"))
    assert opened.strategy == ("open/asked/names:full", "open/found/names:full", "answer")
    both = outcome(toy_corpus, "q1", open_("Tessa Thornwell"), find("Northern Halvard Foundry"))
    assert both.strategy == ("open/asked/names:full", NEXT)
    byname = outcome(toy_corpus, "q3", find("Lantern Poet"), find("Tessa Thornwell"), find("Tessa Thornwell born"))
    assert byname.strategy == ("bm25/asked/names:byname", NEXT)


def test_runs_of_one_move_are_one(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "p3", ["thornwell"])
    found = outcome(toy_corpus, "q1", find("Tessa Thornwell"), find("Tessa Thornwell works"))
    # First p1 shows sentence 0, which attests nothing, and p3 its sentence 0, hop 2; then p1 sentence 1, hop 1. The
    # full name finds both pages.
    assert found.first_shown == (1, 0)
    assert found.strategy == (FULL,)


def test_both_engines_are_different_tools(toy_corpus: Corpus) -> None:
    query = "Tessa Thornwell works"
    assert outcome(toy_corpus, "q1", f'<search engine="dense">{query}</search>').strategy == ("dense/asked/names:full",)


def test_junk_searches_do_not_count(toy_corpus: Corpus) -> None:
    plain = outcome(toy_corpus, "q1", find("Tessa Thornwell works"), find("Northern Halvard Foundry"))
    junk = [find("Osric Penn"), find("zzz"), find(""), "no tag", open_("Atlantis"), find("Lantern Poet")]
    padded = outcome(toy_corpus, "q1", *junk, find("Tessa Thornwell works"), *junk, find("Northern Halvard Foundry"))
    assert padded.strategy == plain.strategy and padded.evidence == plain.evidence
    only = outcome(toy_corpus, "q1", *junk)
    assert only.strategy == () and only.hops_found == 0 and only.evidence == ()


def test_few_queries_are_asked_again(toy_corpus: Corpus) -> None:
    engine = Keyed(toy_corpus)
    trace = play(toy_corpus, "q1", find("Tessa Thornwell"), find("Tessa Thornwell works"), answer("x"))
    analyse(trace, {"bm25": engine})
    assert engine.asked == ["tessa thornwell"]  # the unproductive first search needs nothing, the second one query


def test_restrictions_keep_repeats(toy_corpus: Corpus) -> None:
    engine = Keyed(toy_corpus)
    analyse(play(toy_corpus, "q1", find("Thornwell works Tessa Thornwell works")), {"bm25": engine})
    assert engine.asked == ["thornwell tessa thornwell"]  # an engine may weigh a word by its repeats


FILLER = st.lists(st.sampled_from(["zzz", "please", "um", "the", "of", "qqq"]), max_size=4)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_padding_changes_no_strategy(toy_corpus: Corpus, data: st.DataObject, seed: int) -> None:
    script = data.draw(
        st.sampled_from(
            [
                ("q1", ["Tessa Thornwell works", "Northern Halvard Foundry"]),
                ("q1", ["T. Thornwell", "company based"]),
                ("q2", ["Northern Halvard Foundry based", "Quillport governs"]),
                ("q3", ["Lantern Poet", "Tessa Thornwell born"]),
                ("q1", ["Thornwell employer"]),
            ]
        )
    )
    shuffle = random.Random(seed)

    def padded(query: str) -> str:
        words = [*query.split(), *data.draw(FILLER), *query.split()[: data.draw(st.integers(0, 2))]]
        shuffle.shuffle(words)
        return find(" ".join(word.swapcase() if shuffle.random() < 0.5 else word for word in words))

    question, queries = script
    plain = outcome(toy_corpus, question, *map(find, queries), answer("x"))
    noisy: list[str] = []
    for query in queries:
        noisy += [padded(query), *([padded(query)] * data.draw(st.integers(0, 2))), find("zzz"), "not an action"]
    changed = outcome(toy_corpus, question, *noisy, answer("x"))
    assert changed.strategy == plain.strategy
    assert changed.route == plain.route and changed.evidence == plain.evidence


@pytest.mark.parametrize(
    ("before", "query", "kind"),
    [
        (None, "tessa", "new"),
        ("tessa", "tessa", "repeat"),
        ("tessa", "tessa works", "specialise"),
        ("tessa works", "tessa", "generalise"),
        ("tessa works", "tessa born", "substitute"),
        ("tessa works", "osric penn", "new"),
        ("", "", "repeat"),
        ("", "tessa", "new"),
    ],
)
def test_reformulation(before: str | None, query: str, kind: str) -> None:
    assert reformulation(set(tokens(query)), None if before is None else set(tokens(before))) == kind


def test_fine_grain_compares_with_the_last_valid_query(toy_corpus: Corpus) -> None:
    found = outcome(
        toy_corpus, "q1", find("Tessa Thornwell"), "nonsense", open_("Tessa Thornwell"), find("works Tessa Thornwell")
    )
    assert found.fine == (
        "bm25/asked/names:full/new",
        "invalid",
        "open/asked/names:full",
        "bm25/asked/names+words/specialise",
    )


def test_a_query_without_content_words_that_finds_something_is_words(toy_corpus: Corpus) -> None:
    # A neural encoder may find a page for stopwords alone.
    turn = Turn("", Search("where is it"), "bm25", 3, (0,), (1.0,), ((0, 0),), True, "")
    context = Context(lexicon(toy_corpus), "Where was the Lantern Poet born?")
    move = effective_move(turn, context.query("where is it"), [0], context, Keyed(toy_corpus))
    assert str(move) == "bm25/asked/words"


@pytest.mark.parametrize("engine", ["bm25", "dense"])
def test_padding_changes_no_strategy_over_real_engines(engine: str) -> None:
    world = open_world("almanac-tiny", "test", 0)
    engines = {name: world.engine(name) for name in ("bm25", "dense")}
    setup = Setup("tags", (engine,), 3, 50, 50)
    shuffle, strategies = random.Random(0), set()
    for question in world.corpus.questions[:25]:
        queries = [f"{hop.subject} {hop.relation.replace('_', ' ')}" for hop in question.gold]
        plain, noisy = (Simulation(world, question, EpisodeConfig(setup)) for _ in range(2))
        for query in queries:
            words = [*query.split(), "xyzzy", "please", "of", "qwertz"]
            shuffle.shuffle(words)
            plain.play(find(query))
            for text in (find(" ".join(words).upper()), "hm", find(" ".join(words)), find("xyzzy")):
                noisy.play(text)
        ours, theirs = analyse(plain.trace, engines), analyse(noisy.trace, engines)
        assert (theirs.strategy, theirs.route, theirs.evidence) == (ours.strategy, ours.route, ours.evidence)
        strategies.add(ours.strategy)
    assert len(strategies) > 1
