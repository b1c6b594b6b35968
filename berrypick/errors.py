"""Errors a user can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Final


class BadInput(ValueError):
    """Input from outside that breaks its contract, named by file, line and field.

    Args:
        reason: what is wrong and what to do.
        file: where it was read from.
        line: 1-based line, where the file has lines.
        field: the field's name.
    """

    def __init__(
        self, reason: str, *, file: str | Path | None = None, line: int | None = None, field: str | None = None
    ) -> None:
        self.reason, self.file, self.line, self.field = reason, file, line, field
        place = ", ".join(
            part
            for part in (
                str(file) if file is not None else "",
                f"line {line}" if line is not None else "",
                f"field {field!r}" if field is not None else "",
            )
            if part
        )
        super().__init__(f"{place}: {reason}" if place else reason)


class Stopped(RuntimeError):
    """A run that cannot go on, through no fault of its input; the message says why and what is kept where."""


class Damaged(BadInput):
    """A stored file whose bytes are not those that its manifest records."""


class MissingExtra(BadInput, ImportError):
    """A package is not installed that only some uses need; the message is one sentence with the command to run."""


#: Package, as it is imported -> the extra that installs it.
EXTRAS: Final = {
    **dict.fromkeys(("torch", "transformers", "tokenizers", "accelerate", "safetensors"), "train"),
    **dict.fromkeys(("fastapi", "uvicorn"), "serve"),
    "httpx2": "chat",
    "mcp": "mcp",
    "gguf": "smollm",
    "trl": "trl",
    "stable_baselines3": "sb3",
}


def missing_extra(error: ImportError, who: str = "this") -> ImportError:
    """Return what to raise for a failed import: ``MissingExtra`` where an extra brings the package, else the error.

    Args:
        error: of the import.
        who: needs the package, as the subject of a sentence.
    """
    package = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or package not in EXTRAS:
        return error
    return MissingExtra(f"{who} needs {package}, which is not installed; pip install 'berrypick[{EXTRAS[package]}]'")
