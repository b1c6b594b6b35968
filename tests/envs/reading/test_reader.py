"""Which language a text is of, and how it words what is sought: no exception on any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from berrypick.corpora.answerability.plans import Name, Step
from berrypick.envs.reading import reader
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Fact, Passage

PROFILE = Passage("Tessa Thornwell", ("Tessa works at Beacon Halvard Foundry.",))
ROSTER = Passage("Payroll of Beacon Halvard Foundry (1)", ("T. Thornwell.", "H. Marlmere."))
EVENT = Passage("Spring 1845 at Fellmoor", ("The Lantern Poet was born in Bal Harrowgate.",))
REGISTER = Passage("Register of bynames and epithets (3)", ("The Lantern Poet: Tessa Thornwell.",))


def test_understand_finds_the_language():
    asked = reader.understand("What is the birthplace of Tessa Thornwell?")
    assert asked == (ALMANAC, Step("born_in", False, Name("Tessa Thornwell")))
    assert reader.understand("Who let the dogs out?") is None


texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="abAB. 'of the18:()", max_size=60),
    st.sampled_from([*PROFILE.sentences, *ROSTER.sentences, *EVENT.sentences, *REGISTER.sentences, "Vienna: 3 km."]),
)
titles = st.one_of(
    texts, st.sampled_from([PROFILE.title, ROSTER.title, EVENT.title, "Field listing: Area (1)", "A: B"])
)


@given(texts)
def test_any_question_is_understood_or_not(question: str):
    understood = reader.understand(question)
    assert understood is None or understood[0] in reader.languages()


@given(texts, titles, st.booleans())
def test_ways_to_word_an_unknown(name: str, title: str, inverse: bool):
    for language in reader.languages():
        for relation in _relations(language):
            unknown = Unknown(name, relation, inverse)
            assert language.words(unknown)
            assert language.gist(unknown)
            assert name in language.question(unknown, name)
            assert name in language.list_query(unknown, name)
            language.is_list(title, unknown, name)
            language.is_page(title, name)
            assert language.pages(unknown, name)


def _relations(language: reader.Language) -> list[str]:
    if language is ALMANAC:
        from berrypick.corpora.builders.almanac.lexicon import RELATIONS

        return list(RELATIONS)
    from berrypick.corpora.builders.factbook.relations import MEASURES
    from berrypick.corpora.builders.factbook.relations import RELATIONS as FIELDS

    return [*FIELDS, *MEASURES]


def test_facts_are_what_the_page_states():
    assert list(ALMANAC.read(ROSTER)) == [
        Fact("T. Thornwell", "works_at", "Beacon Halvard Foundry"),
        Fact("H. Marlmere", "works_at", "Beacon Halvard Foundry"),
    ]
