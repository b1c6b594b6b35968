"""Critiques written by a language model, step by step and with a verdict (Critique-GRPO, arXiv 2506.03106).

As in the paper, a critique is kept only where its verdict is that of the rule check, else another one is asked for.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

import numpy as np

from berrypick.agents.critics.base import Attempt, CritiqueError
from berrypick.agents.critics.templates import answer_of
from berrypick.errors import BadInput, missing_extra

#: Texts that a model writes to prompts, each with a generator of its own.
Complete = Callable[[Sequence[str], Sequence[np.random.Generator]], list[str]]

PROMPT: Final = """\
Somebody answered a question by searching a collection of documents, turn by turn. Judge how they went about it.

Question: {question}

{episode}

Say of each turn in one sentence what it brought and what was wrong with it: a fact that was not found, a wrong name \
that was followed, a search that brought nothing new, an answer that no document supports, turns that were wasted. \
Do not answer the question yourself. End with a line that says "Verdict: right" or "Verdict: wrong"."""
#: The same for a judge that knows the answer, as the paper's does. What it writes may hold the answer.
PROMPT_WITH_ANSWER: Final = PROMPT.replace("\n\n{episode}", "\nThe right answer: {answer}\n\n{episode}")
#: Critiques asked for, unless told otherwise.
TRIES: Final = 4
#: The name by which a user asks for it; any other is a file.
WITH_ANSWER: Final = "with_answer"
#: What a prompt may hold in braces, and what it has to.
FIELDS: Final = ("question", "episode", "answer")
NEEDED: Final = ("question", "episode")

#: Tokens that a critique may have: a sentence for each of ten turns, and some thought.
MOST_TOKENS: Final = 1024

_VERDICT: Final = re.compile(r"\bverdict\W*(right|wrong)\b", re.IGNORECASE)
#: What a model thinks before it writes is no critique.
_THOUGHT_ENDS: Final = "</think>"
_EXCERPT: Final = 200


class Judge:
    """A language model as a critic.

    Args:
        complete: asks the model: ``Local``, ``Endpoint``, or any function of this kind.
        prompt: what it is asked: ``{question}``, ``{episode}`` (actions and observations by turns) and, for a judge
            that shall know it, ``{answer}``; braces are doubled where they are meant. It has to ask for a last line
            "Verdict: right" or "Verdict: wrong".
        tries: critiques asked for until the verdict is that of the rule check.

    Raises:
        BadInput: the prompt is malformed, or ``tries`` is below 1.
    """

    def __init__(self, complete: Complete, prompt: str = PROMPT, tries: int = TRIES) -> None:
        if tries < 1:
            raise BadInput(f"must be at least 1, got {tries}", field="tries")
        self._complete, self._prompt, self._tries = complete, _checked(prompt), tries

    def __call__(
        self, attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]
    ) -> list[str | None]:
        """Return the model's critiques, whose last line is the verdict; see ``Critic``.

        Raises:
            CritiqueError: for no episode any try ended in the verdict of the rule check.
            Exception: whatever the model's own errors are (``ChatError`` and ``AgentDown`` of an endpoint).
        """
        prompts = [self._fill(attempts[place]) for place in chosen]
        found: dict[int, str] = {}
        replies: dict[int, str] = {}
        for _ in range(self._tries):
            left = [number for number in range(len(chosen)) if number not in found]
            if left:
                texts = self._complete([prompts[number] for number in left], [rngs[number] for number in left])
                replies.update(zip(left, map(_written, texts), strict=True))
                right = {number: attempts[chosen[number]].outcome.em for number in left}
                found |= {number: replies[number] for number in left if _verdict(replies[number]) is right[number]}
        if chosen and not found:
            raise self._failed(attempts[chosen[0]], replies[0])
        return [found.get(number) for number in range(len(chosen))]

    def _fill(self, attempt: Attempt) -> str:
        trace = attempt.trace
        turns = [f"{turn.raw}\n{turn.observation}".strip() for turn in trace.turns]
        return self._prompt.format(question=trace.question.text, episode="\n".join(turns), answer=answer_of(attempt))

    def _failed(self, attempt: Attempt, reply: str) -> CritiqueError:
        verdict, right = _verdict(reply), "right" if attempt.outcome.em else "wrong"
        what = "no verdict" if verdict is None else f"the wrong verdict (the answer is {right})"
        question = attempt.trace.question.id
        shown = repr(reply if len(reply) <= _EXCERPT else "..." + reply[-_EXCERPT:])
        return CritiqueError(
            f"{what} on question {question!r} in {self._tries} tries, the last one {shown}, nor on any other episode; "
            f"take a stronger model, let it write more tokens, or say ?tries=N or ?prompt={WITH_ANSWER} behind its name"
        )


def _checked(prompt: str) -> str:
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(prompt) if field is not None]
    except ValueError as error:
        raise BadInput(f"{error}; double the braces that are meant as such", field="prompt") from error
    known = ", ".join(f"{{{field}}}" for field in FIELDS)
    if strange := [field for field in fields if field not in FIELDS]:
        raise BadInput(f"has {{{strange[0]}}}; a prompt may hold {known}", field="prompt")
    if missing := [field for field in NEEDED if field not in fields]:
        raise BadInput(f"lacks {{{missing[0]}}}; a prompt may hold {known}", field="prompt")
    return prompt


def _written(text: str) -> str:
    return text.rpartition(_THOUGHT_ENDS)[2].strip()


def _verdict(text: str) -> bool | None:
    """Whether the last verdict says right; None without one."""
    found = _VERDICT.findall(text)
    return found[-1].lower() == "right" if found else None


class _Asked(NamedTuple):
    """What a user says of a judge: its model, its prompt, its tries."""

    model: str
    prompt: str
    tries: int


def _asked(argument: str) -> _Asked:
    """Read ``<model>?prompt=<file or with_answer>&tries=<number>``; other settings stay with the model.

    Raises:
        BadInput: a file that cannot be read, no number, or one of the two twice.
    """
    model, _, query = argument.partition("?")
    settings = parse_qsl(query, keep_blank_values=True)
    if twice := [name for name in ("prompt", "tries") if [given for given, _ in settings].count(name) > 1]:
        raise BadInput("is given twice", field=twice[0])
    own = {name: value for name, value in settings if name in ("prompt", "tries")}
    rest = urlencode([(name, value) for name, value in settings if name not in own])
    tries = own.get("tries", str(TRIES))
    if not tries.isdecimal():
        raise BadInput(f"must be a whole number, got {tries!r}", field="tries")
    return _Asked(f"{model}?{rest}" if rest else model, _prompt(own.get("prompt")), int(tries))


def _prompt(name: str | None) -> str:
    if name is None or name == WITH_ANSWER:
        return PROMPT if name is None else PROMPT_WITH_ANSWER
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot be read: {error}; name a text file, or {WITH_ANSWER}", field="prompt") from error


class Endpoint:
    """A model behind an endpoint, asked as ``Chat`` asks: side by side, with retries, every reply kept.

    Args:
        argument: the name without ``chat:``.

    Raises:
        BadInput: the argument or an environment variable is malformed.
        MissingExtra: the extra ``chat`` is not installed.
    """

    def __init__(self, argument: str) -> None:
        from berrypick.agents.chat.agent import Chat

        self._chat = Chat(argument)

    def __call__(self, prompts: Sequence[str], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return what the model says to each prompt.

        Raises:
            ChatError: one got no usable reply; the message says which endpoint and what happened.
            AgentDown: none will get one.
        """
        from berrypick.agents.chat.replies import action

        said = [[{"role": "user", "content": prompt}] for prompt in prompts]
        replies = self._chat.ask(said, [False] * len(said), rngs)
        return [action(reply, native=False) for reply in replies]


class Local:
    """A transformers causal language model, with its chat template if it has one.

    It samples at the temperature of its card, each text by the generator that belongs to it.

    Args:
        name: what ``lm.load.load`` takes.
        most: tokens that a text may have.

    Raises:
        BadInput: there is no such model, or it cannot be played.
    """

    def __init__(self, name: str, most: int = MOST_TOKENS) -> None:
        from berrypick.agents.lm.load import load
        from berrypick.agents.lm.render import Script

        self._name, self._most, self._policy = name, most, load(name)
        self._script = Script(self._policy.tokenizer, self._policy.ends)

    def __call__(self, prompts: Sequence[str], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return what the model writes to each prompt; raises CritiqueError where one is longer than it can read."""
        from berrypick.agents.lm.generation import Session

        model, _, card, ends, positions = self._policy
        opened = [self._script.opening(prompt) for prompt in prompts]
        longest = max(map(len, opened), default=0)
        if positions is not None and longest >= positions:
            reason = f"a prompt has {longest} tokens, {self._name} reads {positions}"
            raise CritiqueError(f"{reason}; take a model that reads more, or play fewer turns or documents")
        session = Session(model, temperature=card.temperature, most=self._most, positions=positions, ends=ends)
        session.start(opened, [lambda action: False] * len(opened))
        return [self._script.text(action) for action in session.act(rngs)]


@lru_cache(maxsize=1)  # the model is loaded once, not at every step of a training
def local(argument: str) -> Judge:
    """Make a judge of a transformers model: ``lm:<folder, .gguf file or hub name>?<settings>``."""
    model, prompt, tries = _asked(argument)
    if not model:
        raise BadInput("takes a model: lm:<folder, .gguf file or hub name>", field="critic")
    try:
        return Judge(Local(model), prompt, tries)
    except ImportError as error:
        raise missing_extra(error, "a critic lm:") from error


def chat(argument: str) -> Judge:
    """Make a judge of a model behind an endpoint: ``chat:<base_url>:<model>?<settings>``; see ``agents.chat.Chat``."""
    model, prompt, tries = _asked(argument)
    return Judge(Endpoint(model), prompt, tries)
