"""Strategic n-grams: mined by hand, and what may not be in one."""

from __future__ import annotations

from collections.abc import Sequence

from berrypick.agents.training.text.ngrams import MinedNgrams, encode, mine, said, some, within
from berrypick.agents.training.text.planning import Word


def phrase(text: str) -> list[Word]:
    """Words in lower case, those written with a capital being names."""
    words, start = [], 0
    for word in text.split():
        words.append(Word(word.lower(), start, start + len(word) + 1, word[0].isupper()))
        start += len(word) + 1
    return words


def mined(*episodes: Sequence[str]) -> list[str]:
    return [" ".join(gram) for gram in mine([[phrase(text) for text in texts] for texts in episodes])]


def test_by_hand():
    """Two episodes of three hold "look for where", the others share two phrases of their own; each is a cluster.

    A fifth of three clusters, rounded up, is one: the one in most episodes.
    """
    found = mined(
        ["look for where", "born in what"],
        ["look for where", "born in what", "open its page"],
        ["look for where", "open its page"],
    )
    assert found == ["look for where"]


def test_grams_of_equal_frequency_come_in_the_order_of_their_words():
    assert mined(["zu yu xu"], ["zu yu xu"], ["ab bc cd"], ["ab bc cd"]) == ["ab bc cd"]


def test_grams_that_are_alike_are_one_cluster():
    """Letters in threes: 17 of 18 and of 19 are the same, cosine 17 / sqrt(18 * 19) = .92."""
    one, other, third = ["register all bynames"], ["registers all bynames"], ["who came there"]
    # The third is in three episodes; the cluster of the others in four, though each of them is in two.
    assert mined(one, one, other, other, third, third, third) == ["register all bynames", "registers all bynames"]


def test_names_digits_and_short_phrases_are_in_none():
    assert mined(["find Vale now here"] * 2, ["find Vale now here"], ["two words"], ["two words"]) == []
    assert mined(["born in 1838 there"], ["born in 1838 there"]) == []
    assert mined(["only one here"]) == [] and mined() == []


def test_an_episode_counts_once_whatever_it_repeats():
    assert mined(["again and again", "again and again"]) == []


def test_three_to_five_words():
    found = mined(*[["one two three four five six"]] * 2)
    assert all(3 <= len(gram.split()) <= 5 for gram in found) and found


def test_every_occurrence_counts():
    words = within([phrase("so look for where it is"), phrase("look for where")], frozenset({("look", "for", "where")}))
    assert [word.text for word in words] == ["look", "for", "where"] * 2


def test_the_same_episodes_give_the_same_bytes():
    episodes = [[phrase("look for where it was"), phrase("open the page of it")] for _ in range(3)]
    once, again = (encode(MinedNgrams(mine(each), 3, 3, 9)) for each in (episodes, list(reversed(episodes))))
    assert once == again


def test_a_share_is_drawn_by_lot_and_keeps_its_order():
    grams = [(str(number), "of", "ten") for number in range(10)]
    found = some(grams, 0.7, 5)
    assert len(found) == 7 and found == [gram for gram in grams if gram in found]
    assert some(grams, 0.7, 5) == found != some(grams, 0.7, 6)
    assert some(grams, 1.0, 5) == grams and len(some(grams, 0.01, 5)) == 1


def test_what_is_said_is_the_longest_from_left_to_right():
    """Of two that begin together the longer; what began within it is over; after it the next one counts."""
    grams = frozenset({("a", "b", "c"), ("a", "b", "c", "d"), ("c", "d", "e"), ("e", "f", "g")})
    assert list(said(phrase("a b c d e f g a b c"), grams)) == [("a", "b", "c", "d"), ("e", "f", "g"), ("a", "b", "c")]
    assert list(said(phrase("a b Name c d e"), grams)) == [("c", "d", "e")]
    assert list(said(phrase("a b"), grams)) == []
