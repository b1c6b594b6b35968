from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.corpora.answerability.plans import Both, Name, Node, Stated, Step, Winner
from berrypick.corpora.answerability.wording import WORDINGS
from berrypick.corpora.builders.factbook import readers
from berrypick.corpora.builders.factbook.facts import Facts
from berrypick.corpora.builders.factbook.grammar import (
    listing_titles,
    parse_question,
    search_wording,
    statements,
    the,
    write_question,
)
from berrypick.corpora.builders.factbook.names import canonical, fold
from berrypick.corpora.builders.factbook.relations import MEASURES, RELATIONS, sources
from berrypick.corpora.builders.factbook.source import clean
from berrypick.corpora.builders.factbook.wording import WORDING
from berrypick.corpora.store import Draft

SWISS = Step("capital", True, Name("Bern"))


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (Step("currency", False, SWISS), "What is the currency of the country whose capital is Bern?"),
        (
            Step("capital", False, Step("export_partner", False, Name("Netherlands"))),
            "What is the capital of the largest export partner of the Netherlands?",
        ),
        (
            Step("independence_year", False, Step("borders", False, Step("internet_code", True, Name(".ls")))),
            "In which year did the only country that borders the country whose internet country code is .ls "
            "become independent?",
        ),
        (
            Both(Step("borders", True, Name("Bosnia and Herzegovina")), Step("currency", True, Name("euros"))),
            "Which country borders Bosnia and Herzegovina and also uses the currency euros?",
        ),
        (
            Step("anthem", False, Winner("area", False, Name("Trinidad and Tobago"), Name("Holy See"))),
            "Compare Trinidad and Tobago with the Holy See: what is the title of the national anthem of the one with "
            "the smaller total area?",
        ),
        (
            Step("local_name", False, Winner("population", True, Name("The Gambia"), Name("Chad"))),
            "Compare The Gambia with Chad: what is the local short name of the one with the larger population?",
        ),
    ],
)
def test_plans_and_their_questions(plan: Step | Both, text: str) -> None:
    assert write_question(plan) == text
    assert parse_question(text) == plan


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What is the capital of the one with more airports?",  # compares nothing
        "What is the capital of the country that is tall?",  # no clause of ours
        "Which country sings and also borders Chad?",
        "Compare Chad with Mali: what is the capital of Chad?",
        "Who founded Quill Works?",
    ],
)
def test_other_questions_are_none(text: str) -> None:
    assert parse_question(text) is None


@given(st.text(max_size=200))
def test_parsing_and_reading_are_total(text: str) -> None:
    parse_question(text)
    statements(text, text)
    for _, source in sources():
        assert all(isinstance(name, str) for name in source.read(text))


@given(st.sampled_from(sorted(RELATIONS)), st.integers(0, 5), st.sampled_from(["Chad", "Netherlands", "The Bahamas"]))
def test_every_wording_is_read_back(relation: str, choose: int, country: str) -> None:
    row = RELATIONS[relation]
    plans: list[Step | Both] = []
    if row.asks:
        plans.append(Step(relation, False, Winner("forest", True, Name(country), Name("Peru"))))
    if row.clauses:
        plans.append(Step("internet_code", False, Step(relation, True, Name("Some Name"))))
    if row.phrases:
        plans.append(Step("capital", False, Step(relation, False, Name(country))))
    if row.predicates:
        plans.append(Both(Step(relation, True, Name(country)), Step("borders", True, Name("Peru"))))
    assert plans
    for plan in plans:
        assert parse_question(write_question(plan, choose)) == plan


def test_an_intersection_is_no_part_of_a_question() -> None:
    both = Both(Step("borders", True, Name("Chad")), Step("borders", True, Name("Mali")))
    with pytest.raises(ValueError, match="intersection"):
        write_question(Step("capital", False, both))


# ---- round trip over everything that is asked


def answers_to(node: Node, facts: Facts) -> set[str]:
    """Execute a plan over the facts: folded names."""
    match node:
        case Name(text):
            return {text}
        case Step(relation, True, Name(text)):
            return {name for name in facts.subjects(relation, text) if name in facts.countries}
        case Step(relation, _, of):
            return {fact.object for start in answers_to(of, facts) for fact in facts.objects(relation, start)}
        case Both(one, other):
            return answers_to(one, facts) & answers_to(other, facts)
        case Winner(measure, most, one, other):
            figures = {
                name.text: readers.number(fact.object)
                for name in (one, other)
                if (fact := facts.object(measure, name.text))
            }
            return {(max if most else min)(figures, key=lambda name: figures[name])}
    raise AssertionError(node)


def test_every_question_is_read_back_as_its_plan_and_answered_by_it(factbook: Draft) -> None:
    places = [entity.full for entity in factbook.entities if entity.kind == "country"]
    asked = {hop.subject for question in factbook.questions for hop in question.gold}
    facts = Facts(factbook.documents, [name for name in places if name in asked], places)
    for question in factbook.questions:
        plan = parse_question(question.text)
        assert plan is not None, question.text
        assert [step.relation for step in _steps(plan)] == [hop.relation for hop in question.gold]
        assert {fold(name) for name in answers_to(plan, facts)} == {fold(question.answers[0])}, question.text


# ---- sentences


@pytest.mark.parametrize(
    ("title", "sentence", "stated"),
    [
        ("Austria: Government - capital", "Capital - name: Vienna.", [Stated("Austria", "capital", "Vienna")]),
        ("Field listing: Capital (1)", "Austria: Vienna.", [Stated("Austria", "capital", "Vienna")]),
        ("Libya: Government", "Capital - name: Tripoli (Tarabulus).", [Stated("Libya", "capital", "Tripoli")]),
        (
            "Egypt: People and Society - cities",
            "Major urban areas - population: 22.183 million CAIRO (capital), 5.588 million Alexandria (2023).",
            [Stated("Egypt", "capital", "Cairo"), Stated("Egypt", "city", "Alexandria")],
        ),
        (
            "Austria: Geography - borders (2)",
            "Land boundaries - border countries: Czech Republic 402 km; Germany 801 km.",
            [Stated("Austria", "borders", "Czechia"), Stated("Austria", "borders", "Germany")],
        ),
        (
            "Austria: Economy - currency",
            "Exchange rates - Currency: euros (EUR) per US dollar.",
            [Stated("Austria", "currency", "euros")],
        ),
        ("Austria: Geography - terrain and land use", "Land use - forest: 47.2% (2023 est.).", [
            Stated("Austria", "forest", "47.2%")
        ]),
        (
            "Algeria: Government - divisions and independence",
            "Independence: 5 July 1962 (from France).",
            [Stated("Algeria", "independence_year", "1962"), Stated("Algeria", "independence_from", "France")],
        ),
        ("Austria", "Austria joined the EU in 1995.", []),
        ("Austria: Government - capital", "Capital - etymology: the name may have evolved from Vindobona.", []),
        ("Field listing: Nothing (1)", "Austria: Vienna.", []),
    ],
)  # fmt: skip
def test_what_a_displayed_sentence_states(title: str, sentence: str, stated: list[Stated]) -> None:
    assert statements(title, sentence) == stated


@pytest.mark.parametrize(
    ("read", "value", "names"),
    [
        (readers.capital_city, "Porto-Novo (constitutional capital); Cotonou (seat of government)", []),
        (readers.capital_city, "Washington, D.C", ["Washington"]),
        (readers.capital_city, "no official capital; government offices in the Yaren District", []),
        (readers.currency, "Tuvaluan dollars or Australian dollars (AUD) per US dollar", []),
        (readers.currency, "baht per US dollar", ["baht"]),
        (readers.code, "metropolitan France - .fr; French Guiana - .gf", []),
        (readers.mountain, "Fako on Mont Cameroun 4,045 m", ["Fako"]),
        (readers.mountain, "unnamed elevation 675 m; located 2.5 km southeast of the town of Kotopounga", []),
        (readers.mountain, "Mont Blanc 4,810", ["Mont Blanc"]),
        (readers.title, "“Pátria Amada” (Lovely Fatherland)", ["Pátria Amada"]),
        (readers.person, "President Alexander VAN DER BELLEN (since 26 January 2017)", ["Alexander Van Der Bellen"]),
        (readers.person, "King FELIPE VI (since 19 June 2014)", ["Felipe VI"]),
        (readers.person, "President XI Jinping (since 14 March 2013)", ["Xi Jinping"]),
        (readers.person, "President Surangel WHIPPS, Jr. (since 21 January 2021)", ["Surangel Whipps"]),
        (
            readers.person,
            "King CHARLES III (since 8 September 2022); represented by Governor Jane OWEN",
            ["Charles III"],
        ),
        (readers.person, "President (vacant)", []),
        (readers.person, "President Col. Mamady DOUMBOUYA (since 17 January 2026)", []),
        (readers.surname, "President Alexander VAN DER BELLEN (since 26 January 2017)", ["Van Der Bellen"]),
        (readers.surname, "King FELIPE VI (since 19 June 2014)", []),
        (readers.independence_year, "28 November 1975 (from Portugal); 20 May 2002 (from Indonesia)", []),
        (readers.neighbours, "Spain (Ceuta) 8 km and Spain (Melilla) 10.5 km", ["Spain"]),
        (readers.neighbours, "Bosnia and Herzegovina 345 km; Kosovo 366 km", ["Bosnia and Herzegovina", "Kosovo"]),
        (readers.neighbours, "Niger 838 km, Senegal 489 km", ["Niger", "Senegal"]),
        (
            readers.neighbours,
            "Democratic Republic of the Congo 2,646 km (of which 225 km is the boundary of Cabinda); Zambia 1,065 km",
            ["Democratic Republic of the Congo", "Zambia"],
        ),
        (
            readers.official_languages,
            "Malagasy (official) 99.9%, French (official) 23.6%, English 8.2%",
            ["Malagasy", "French"],
        ),
        (readers.largest_partner, "Gambia, The 26%, China 18% (2023)", ["The Gambia"]),
        (readers.largest_partner, "Germany 11%, USA 11%, France 10% (2023)", []),
        (readers.largest_partner, "almost entirely United Kingdom (2022)", []),
        (readers.local_name, "Cameroun/Cameroon", ["Cameroun"]),
        (readers.local_name, "none", []),
        (
            readers.divisions,
            "12 counties (qarqe, singular - qark); Berat, Tirane (Tirana), Banjul*",
            ["Berat", "Tirane", "Banjul"],
        ),
        (readers.heritage_sites, "Tsodilo Hills (c); Okavango Delta (n); Masada", ["Tsodilo Hills", "Okavango Delta"]),
        (readers.ports, "Al Iskandariyh (Alexandria), As Suways", ["Al Iskandariyh", "As Suways"]),
        (readers.members, "AU (suspended), CEMAC, OPEC, ICC (national committees)", ["CEMAC", "OPEC"]),
        (readers.amount, "5,128,638 sq km (metropolitan)", ["5,128,638 sq km"]),
        (readers.amount, "$63,300 (2024 est.)", ["$63,300"]),
        (readers.amount, "NA", []),
    ],
)
def test_readers(read: object, value: str, names: list[str]) -> None:
    assert callable(read) and read(value) == names


@pytest.mark.parametrize(
    ("figure", "number"),
    [
        ("83,871 sq km", 83_871.0),
        ("9.985 million sq km", 9_985_000.0),
        ("$63,300", 63_300.0),
        ("47.2%", 47.2),
        ("0 km", 0.0),
    ],
)
def test_numbers(figure: str, number: float) -> None:
    assert readers.number(figure) == pytest.approx(number)


@pytest.mark.parametrize(
    ("shipped", "text"),
    [
        ("<p>Algeria&nbsp; has <em>known</em></p>", "Algeria has known"),
        ("People's Party or OeVP&nbsp;<br>The Greens<br>", "People's Party or OeVP; The Greens"),
        ("a sentence.<br><br><strong>note:</strong> more", "a sentence. note: more"),
        ("French (official) &lt;0.1%, B&amp;Bs", "French (official) <0.1%, B&Bs"),
        ("euros (EUR) per US dollar -", "euros (EUR) per US dollar"),
        ("-1.2% (2024 est.)", "-1.2% (2024 est.)"),
    ],
)
def test_cleaning(shipped: str, text: str) -> None:
    assert clean(shipped) == text


def test_names() -> None:
    assert [canonical(name) for name in ("Czech Republic", "Gambia, The", "Trinidad & Tobago", "China (south)")] == [
        "Czechia",
        "The Gambia",
        "Trinidad and Tobago",
        "China",
    ]
    assert canonical("Cocos (Keeling) Islands") == "Cocos (Keeling) Islands"
    assert (the("Netherlands"), the("Chad"), the("Solomon Islands")) == (
        "the Netherlands",
        "Chad",
        "the Solomon Islands",
    )
    assert fold("Asunción’s") == "asuncion's"


def test_the_wording_is_public_and_registered() -> None:
    assert WORDINGS["factbook"] is WORDING
    assert WORDING.titles("capital", "Vienna") == (
        ("roster", "Field listing: Capital Vienna"),
        ("roster", "Field listing: Major urban areas Vienna"),
    )
    for relation in (*RELATIONS, *MEASURES):
        assert search_wording(relation) and WORDING.noun(relation)
    assert listing_titles("member") == ()


def _steps(node: Node) -> list[Step]:
    """All steps of a plan, innermost first; those of a comparison are forward steps of its measure."""
    match node:
        case Step(of=of):
            return [*_steps(of), node]
        case Both(one=one, other=other):
            return [*_steps(one), *_steps(other)]
        case Winner(measure=measure, one=one, other=other):
            return [Step(measure, False, one), Step(measure, False, other)]
        case _:
            return []
