"""The closed word-level tokenizer of the tiny policies: no world of any seed holds a word that it does not know.

Instructions are the same in every episode and are dropped: a sequence starts with the question. Blanks and line ends
are dropped too; decoding puts one blank between words and none before a mark, which is all that a title or a query
needs.
"""

from __future__ import annotations

from typing import Final

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from berrypick.agents.lm.vocabulary import PIECE, TAIL, tags, words

PAD: Final = "[PAD]"
UNKNOWN: Final = "[UNK]"
END: Final = "[END]"
_INSTRUCTIONS: Final = r"(?m)\AAnswer the question at the end.*?\nSetup: [^\n]*\n(?=Question: )"
_LONGEST: Final = 64


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Make the tokenizer: the same bytes each time, whatever the hash seed."""
    vocabulary = {token: number for number, token in enumerate([PAD, UNKNOWN, END, *tags(), *words()])}
    model = models.WordPiece(
        vocab=vocabulary, unk_token=UNKNOWN, continuing_subword_prefix=TAIL, max_input_chars_per_word=_LONGEST
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(Regex(_INSTRUCTIONS), "")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECE), behavior="removed", invert=True)
    tokenizer.decoder = decoders.WordPiece(prefix=TAIL, cleanup=True)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )
