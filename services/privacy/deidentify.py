"""The only maker of `DeidentifiedText`."""

from collections.abc import Sequence

from services.core.errors import DeidentificationError
from services.core.types import DeidentifiedText, RawText
from services.privacy.recognizers import RECOGNIZERS, Recognizer, Span


def deidentify(text: RawText, recognizers: Sequence[Recognizer] = RECOGNIZERS) -> DeidentifiedText:
    """Replace each identifier by its type, as in `[PHONE]`.

    Raises:
        DeidentificationError: A recognizer failed; nothing may be sent on.
    """
    try:
        spans = [span for recognizer in recognizers for span in recognizer.find(text.value)]
    # Fail closed: whatever goes wrong in a recognizer or its library, the text must not leave.
    except Exception as exc:
        raise DeidentificationError("the text could not be de-identified") from exc
    made = text.value
    for span in reversed(_merged(spans)):
        made = f"{made[: span.start]}[{span.type.value}]{made[span.end :]}"
    return DeidentifiedText(made)


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Overlapping spans as one, of the type of the one that starts first and is longest."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            first = merged.pop()
            merged.append(Span(first.type, first.start, max(first.end, span.end)))
        else:
            merged.append(span)
    return merged
