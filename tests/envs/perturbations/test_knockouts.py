"""What is knocked out is gone for good, nothing else moves, and the policy is not told."""

from __future__ import annotations

from typing import Any

import pytest

from berrypick.corpora.store import Corpus
from berrypick.envs.observations import NO_SUCH_PAGE, unavailable, unavailable_form
from berrypick.envs.perturbations.knockouts import KNOCKOUTS, NOTHING, SHIFTS, Changes, is_dominant_move, parse
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

ENGINES = ("bm25", "dense")


def make(corpus: Corpus, *knockouts: str, **arguments: Any) -> SearchEnv:
    return SearchEnv(corpus=str(corpus.path), split=None, knockouts=knockouts, **arguments)


def start(corpus: Corpus, *knockouts: str, question: str = "q1", **arguments: Any) -> SearchEnv:
    env = make(corpus, *knockouts, **arguments)
    env.reset(seed=0, options={"question_id": question})
    return env


def titles(env: SearchEnv, query: str, engine: str = "bm25") -> list[str]:
    env.step(f'<search engine="{engine}" topk="10">{query}</search>')
    return [env.trace.corpus.documents[position].title for position in env.trace.turns[-1].docs]


def test_knockouts_add_up():
    assert parse((), ENGINES) == NOTHING
    both = parse(("no_profile", "no_bm25", "no_open", "no_favourite:dense/names:full", "renamed"), ENGINES)
    assert both == Changes(("profile",), frozenset({"bm25"}), True, (("dense", "names:full"),), ("renamed",))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("no_profile", "no_profile"), "must be distinct"),
        (("no_open:all",), "no_open takes no argument, got 'all'"),
        (("no_open:",), "'no_open:' has nothing after its colon"),
        (("no_favourite",), "needs a tool and a form"),
        (("no_favourite:bm25",), "needs a tool and a form"),
        (("no_favourite:/names",), "needs a tool and a form"),
        (("no_favourite:bm25/nmaes",), "needs a tool and a form"),
        (("no_favourite:open/whole",), "needs a tool and a form"),  # a title is a name
        (("no_favourite:hybrid/names",), "knocks out hybrid, but the engines here are bm25, dense"),
        (("no_favourite:dense:hf:/other/names",), "knocks out dense:hf:/other, but the engines here are bm25, dense"),
        (("no_favourite:bm25/asked/names",), "knocks out bm25/asked, but"),
    ],
)
def test_what_cannot_be_knocked_out_is_said(names: tuple[str, ...], message: str):
    with pytest.raises(BadInput, match=message):
        parse(names, ENGINES)


def test_unknown_knockouts_and_engines():
    with pytest.raises(UnknownName, match="did you mean 'no_profile'"):
        parse(("no_profiles",), ENGINES)
    with pytest.raises(BadInput, match="knocks out dense, but the engines here are bm25"):
        parse(("no_dense",), ("bm25",))


def test_every_knockout_leaves_the_prompt_as_it_is(toy_corpus: Corpus):
    """Shifts change the question alone: all lines but the last stay."""
    plain = start(toy_corpus).trace.prompt
    for name in KNOCKOUTS:
        if name in SHIFTS:
            continue
        changed = start(toy_corpus, f"{name}:bm25/names" if is_dominant_move(name) else name).trace.prompt
        assert changed == plain
    assert start(toy_corpus, "renamed").trace.prompt.splitlines()[:-1] == plain.splitlines()[:-1]


def test_pages_of_a_genre_are_gone_and_the_ranks_of_the_rest_stay(toy_corpus: Corpus):
    query = "Thornwell Northern Halvard Foundry Quillport"
    plain = titles(start(toy_corpus), query)
    assert {"Tessa Thornwell", "Staff of Northern Halvard Foundry (1)", "Autumn 1851 in Quillport"} <= set(plain)
    for genre in ("profile", "roster", "chronicle"):
        genres = {document.title: document.genre for document in toy_corpus.documents}
        left = titles(start(toy_corpus, f"no_{genre}"), query)
        assert left == [title for title in plain if genres[title] != genre] and len(left) < len(plain)


def test_a_page_that_is_gone_cannot_be_opened_though_named_or_linked(toy_corpus: Corpus):
    env = start(toy_corpus, "no_profile")
    observation, *_, info = env.step("<open>Tessa Thornwell</open>")  # named by the question
    assert NO_SUCH_PAGE in observation and not info["valid"]
    assert start(toy_corpus).step("<open>Tessa Thornwell</open>")[-1]["valid"]


def test_a_genre_that_is_not_there_cannot_be_knocked_out():
    env = SearchEnv(corpus="factbook", split="test", knockouts=("no_roster",))
    with pytest.raises(BadInput, match="no_roster changes nothing: factbook has no page of that genre"):
        env.reset(seed=0)


def test_an_engine_refuses_by_default_and_by_name_without_using_up_searches(toy_corpus: Corpus):
    env = start(toy_corpus, "no_bm25")
    for action in ("<search>Quillport</search>", '<search engine="bm25">Quillport</search>'):
        observation, _, _, _, info = env.step(action)
        assert unavailable("bm25") in observation
        assert (info["valid"], info["doc_ids"], info["budget_left"]["searches"]) == (False, (), 6)
    assert titles(env, "Quillport", "dense")
    assert env.step("x")[-1]["budget_left"] == {"searches": 5, "turns": 6}


@pytest.mark.parametrize("knockout", ["no_bm25", "no_dense"])
def test_what_asks_a_broken_engine_does_not_work_either(toy_corpus: Corpus, knockout: str):
    env = start(toy_corpus, knockout, engines=("hybrid", "bm25", "dense"))
    assert unavailable("hybrid") in env.step("<search>Quillport</search>")[0]
    other = "dense" if knockout == "no_bm25" else "bm25"
    assert env.step(f'<search engine="{other}">Quillport</search>')[-1]["valid"]


def test_opening_can_be_refused(toy_corpus: Corpus):
    env = start(toy_corpus, "no_open")
    observation, *_, info = env.step("<open>Tessa Thornwell</open>")
    assert unavailable("open") in observation and not info["valid"]


def test_a_dominant_search_is_refused_and_its_neighbours_are_not(toy_corpus: Corpus):
    """Full name alone is refused; the initial form, a word more, or the other engine is another way."""
    env = start(toy_corpus, "no_favourite:bm25/names:full")
    observation, *_, info = env.step("<search>Tessa Thornwell</search>")
    assert unavailable_form("bm25", "names:full") in observation and not info["valid"]
    assert not env.step("<search>thornwell TESSA</search>")[-1]["valid"]  # neither order nor case is a way out
    for action in (
        "<search>T. Thornwell</search>",
        "<search>Tessa Thornwell works</search>",
        '<search engine="dense">Tessa Thornwell</search>',
        "<open>Tessa Thornwell</open>",
    ):
        assert env.step(action)[-1]["valid"], action


def test_a_dominant_open_is_refused(toy_corpus: Corpus):
    env = start(toy_corpus, "no_favourite:open/names:full")
    assert not env.step("<open>Tessa Thornwell</open>")[-1]["valid"]
    env.step("<search>Staff of Northern Halvard Foundry</search>")
    assert env.step("<open>Staff of Northern Halvard Foundry (1)</open>")[-1]["valid"]  # a title, no full name


def test_renamed_questions_open_nothing_by_their_old_names(toy_corpus: Corpus):
    env = start(toy_corpus, "renamed")
    assert env.trace.question.text == "In which city is the company where the Lantern Poet works based?"
    assert not env.step("<open>Tessa Thornwell</open>")[-1]["valid"]
    assert env.step("<answer>Quillport</answer>")[1] == 1.0


def test_snapshots_belong_to_one_set_of_changes(toy_corpus: Corpus):
    env, other = start(toy_corpus, "no_roster"), start(toy_corpus)
    env.step("<search>T. Thornwell</search>")
    with pytest.raises(BadInput, match="another environment"):
        other.restore(env.snapshot())
    same = make(toy_corpus, "no_roster")
    same.restore(env.snapshot())
    assert same.step("<search>Staff</search>") == env.step("<search>Staff</search>")


def test_strategies_are_told_by_engines_that_lack_what_was_knocked_out(toy_corpus: Corpus):
    """With the profiles gone, the name alone would have found the list. In the whole corpus the profile comes first
    for it, and the word "staff" would count as needed."""
    env = start(toy_corpus, "no_profile", topk=1)
    env.step("<search>Thornwell staff</search>")
    list_page, profile = toy_corpus.position["r1"], toy_corpus.position["p1"]
    assert env.trace.turns[0].docs == (list_page,)
    world = env.simulation.world
    whole = {name: world.engine(name) for name in ENGINES}
    first = [engines["bm25"].search(["thornwell"], 1)[0][0].index for engines in (env.engines, whole)]
    assert first == [list_page, profile]
    assert analyse(env.trace, env.engines).strategy == ("bm25/asked/names",)
    assert analyse(env.trace, whole).strategy == ("bm25/own/words",)
