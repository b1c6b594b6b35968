"""Errors a user can act on."""

from __future__ import annotations

from pathlib import Path


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
