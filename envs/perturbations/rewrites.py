"""Comprehension shifts: the same question in other words. What is asked, its answers and its plan stay."""

from __future__ import annotations

import re
import weakref

import msgspec

from berrypick.corpora.answerability.mentions import Mentions
from berrypick.corpora.answerability.wording import wording_of
from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput
from berrypick.records import Question


def renamed(question: Question, corpus: Corpus) -> Question:
    """Call by byname every entity that the question calls by its full name.

    Raises:
        BadInput: the corpus knows no bynames.
    """
    bynames, mentions = _bynames(corpus)
    named = sorted(mentions.find(question.text), key=len, reverse=True)
    if not named:
        return question
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, named))})\b")
    return msgspec.structs.replace(question, text=pattern.sub(lambda match: bynames[match[0]], question.text))


def reworded(question: Question, corpus: Corpus) -> Question:
    """Put the question in paraphrases that neither questions nor documents of the ordinary splits use.

    Raises:
        BadInput: the corpus has no held-out paraphrases, or none of this question.
    """
    text = wording_of(corpus).held_out(question.text)
    if text is None:
        reason = f"{corpus.name} has no held-out paraphrase of question {question.id!r}; leave 'reworded' out"
        raise BadInput(reason, field="knockouts")
    return msgspec.structs.replace(question, text=text)


_BYNAMES: dict[int, tuple[dict[str, str], Mentions]] = {}


def _bynames(corpus: Corpus) -> tuple[dict[str, str], Mentions]:
    """Full name to byname, and a finder of the full names; made on first use and dropped with the corpus."""
    if id(corpus) not in _BYNAMES:
        bynames = {entity.full: entity.byname for entity in corpus.entities if entity.byname}
        if not bynames:
            raise BadInput(f"{corpus.name} knows no bynames; leave 'renamed' out", field="knockouts")
        _BYNAMES[id(corpus)] = bynames, Mentions(bynames, fold=False)
        weakref.finalize(corpus, _BYNAMES.pop, id(corpus), None)
    return _BYNAMES[id(corpus)]
