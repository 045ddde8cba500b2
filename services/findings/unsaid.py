"""What an English text names without saying it of the patient now: figures of speech, stories, study and what is over.

Each kind is told by a cue that an emergency hardly has. Where a cue could stand beside one, the text must in addition
say nothing of today, or it must say that all is well.
"""

import bisect
import re
from collections.abc import Iterator
from typing import Final

_TO_END: Final = r"[^.;!?\n]{0,120}"

_TURNS: Final = re.compile(
    r"\b(?:baby fever|floppy (?:hat|hair|ears?)|breathtaking|mind numbing|six pack"
    r"|choked up (?:at|when|with|by|over)|(?:can(?:['’]?t|not)|couldn['’]?t) breathe for laughing"
    r"|trip (?:insurance|to|abroad)|(?:school|day|coach|boat|business) trip"
    r"|not waking (?:me|us)|not breathing (?:any )?(?:fast|hard|heav|rapid|quick)\w*(?! enough)"
    r"|(?:pass(?:ing)? (?:water|urine)|pee(?:ing)?|wee(?:ing)?) (?:fine|ok|okay|normally|well))\b",
    re.IGNORECASE,
)
"""Words of an illness in a figure of speech, or with a word that makes them harmless."""

_ANIMAL: Final = re.compile(
    r"\b(?:dog|cat|puppy|kitten|horse|fish|rabbit|hamster|parrot)(?:['’]?s)? "
    r"(?:tongue|breath|did|is|['’]?s been|has|been|was|keeps|in my tank)\b"
    r"(?![^.;!?\n]{0,120}\b(?:bit\w*|scratch\w*|nip\w*|attack\w*|maul\w*|lick\w*|knock\w*|pull\w*"
    r"|i|me|my|we|he|she|him|his|her|they|mum|mom|dad|baby|child)\b)[^.;!?\n]{0,120}",
    re.IGNORECASE,
)
"""What befalls a pet, where nobody else is named beside it."""

_STORY: Final = re.compile(
    rf"\b(?:in|watch(?:ed|ing)) (?:the|that|this|a|some) (?:\w+ ){{0,2}}"
    rf"(?:film|movie|drama|novel|soap|series|episode|sitcom|documentary)\b{_TO_END}"
    rf"|\b(?:saw|seen|heard) (?:it |this )?on the (?:news|telly|tv|radio)\b{_TO_END}|\b(?:clip"
    rf"|video) came up of{_TO_END}"
    rf"|\b(?:on|watching) (?:casualty|holby|eastenders|corrie)\b{_TO_END}"
    rf"|\bon (?:the )?(?:telly|tv)\b (?:was |talked |talking |said |explain){_TO_END}"
    rf"|\b(?:the|that) (?:news|leaflet|podcast|documentary|doc|book)\b[^.;!?\n,]{{0,30}}\b(?:said|says"
    rf"|about)\b{_TO_END}"
    rf"|\bnovel (?:where|who|in which|about){_TO_END}|\bi (?:read|heard) (?:that|somewhere){_TO_END}",
    re.IGNORECASE,
)
"""What happens in films and books and is told in the news."""

_SELF_IN_STORY: Final = re.compile(
    r"(?:,|\b(?:when|while|and|but|then|now)) (?:i|my|we|he|she|suddenly|mum|dad|had|have|got|felt|fell|collapsed)\b"
    r"|\bi (?:am|had|have|got|felt|feel|fell|can|cannot|can['’]?t|collapsed)\b",
    re.IGNORECASE,
)
"""Where a sentence goes over from the story to the patient."""

_GENERAL: Final = re.compile(
    r"\b(?:first[ -]aid (?:quiz|badge|exam|course|test)|(?:nursing|lifeguard|biology|medical) (?:exam|quiz|course|test)"
    r"|(?:medical|nursing) student here|school project|(?:writing|write) (?:an essay|a (?:character|novel|story))"
    r"|book club|(?:just )?curious|just planning(?: ahead)?|just want to be ready)\b",
    re.IGNORECASE,
)
"""Why somebody asks who has no complaint."""

_TO_KNOW: Final = re.compile(
    r"\b(?:how|what|when|which|where|why)(?: \w+)? (?:do|should|can|could|would) (?:i|we)\b|\bfor my\b|\bso i know\b"
    r"|\b(?:i['’]m )?thinking of\b|\bi(?:['’]m| am) (?:well|fine)\b",
    re.IGNORECASE,
)
"""The asker's own words in a question of that sort."""

_OF_PATIENT: Final = re.compile(
    r"\b(?:i|i['’]?m|i['’]?ve|my|me|mine|our|his|he|she|he['’]s|she['’]s|today|tonight|this morning|now"
    r"|suddenly started)\b",
    re.IGNORECASE,
)

_PREVENTED: Final = re.compile(
    r"\bso (?:that )?(?:\w+ ){1,4}(?:won['’]?t|doesn['’]?t|don['’]?t) (?:choke|fall|burn|faint|bleed)\w*"
    rf"|\bprotects? against\b{_TO_END}|\b[\w-]+ (?:prevention|awareness)\b",
    re.IGNORECASE,
)

_DATE: Final = re.compile(
    r"\b(?:(?:years|decades|summers|winters) (?:ago|back)|half a year ago|in (?:19|20)\d\d|in the (?:19)?[5-9]0s"
    r"|in the (?:late |early )?(?:fifties|sixties|seventies|eighties|nineties)"
    r"|in (?:my|his|her) (?:teens|twenties|thirties|forties)|last (?:winter|summer|spring|autumn|year)"
    r"|as an? (?:small |young |little )?(?:kid|child|lad|girl|boy|baby|teenager|toddler)"
    r"|when (?:i|he|she) (?:was|were) (?:an? |just |only |about )?"
    r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|little|small|young|baby|child|kid)\b"
    r"(?! (?:hours?|minutes?|days? in)))",
    re.IGNORECASE,
)
_PRESENT: Final = re.compile(
    r"\b(?:i (?:can['’]?t|cannot|can|am|have|get|feel|keep)|i['’]?m|is|are|has|keeps?|since|ever since|still"
    r"|getting|worse"
    r"|start\w*|beg[aiu]n\w*|first|diagnos\w*|every|on and off)\b",
    re.IGNORECASE,
)
_TODAY: Final = re.compile(
    r"\b(?:today|tonight|this (?:morning|afternoon|evening|week|time)|yesterday|last (?:night|week)|again|suddenly"
    r"|still (?!have to|goes?|travel|need|tell)"
    r"|right now|worse|just (?:now|started|collapsed|happened)|and now|but now|now (?:i|he|she|it|my|his|her|the)\b"
    r"|(?:minutes?|mins?|hours?|hrs?|days?) ago|started|since (?!then\b|$|[.,;!?]))\b",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(
    r"\b(?:for|past|last|over) (?!an? )(?:the )?(?:last |past )?(?:\w+ )?(?:minutes?|mins?|hours?|hrs?|days?|weeks?)\b",
    re.IGNORECASE,
)
_SETTLED: Final = re.compile(
    r"\b(?:all (?:good|clear|sorted|fine|better|recovered|normal)|long gone|went away|healed|recovered"
    r"|(?:nothing|never|none|good) since|no pain (?:at all )?(?:now|these days|since)|stable on"
    r"|fine (?:now|nowadays|these days|since)|(?:feel|feeling) fine|better now|no such thoughts|these days"
    r"|i['’]?m well|same as usual)\b",
    re.IGNORECASE,
)

_OF_OTHERS: Final = re.compile(
    r"\b(?:my|our|a|the) (?:brother|sister|uncle|aunt|cousin|grand\w+|friend|lad|bloke|nan|neighbour|teacher)\b",
    re.IGNORECASE,
)
_OWN: Final = re.compile(r"\b(?:i|i['’]m|i['’]ve|me)\b", re.IGNORECASE)

_STATEMENT: Final = re.compile(r"(?:[^.;!?\n]|\.(?=\d))+[.;!?]?")
_CLAUSE: Final = re.compile(
    r"(?:(?!,(?! (?:must be|that was|it was|back in))| but | and (?:i|now|have|has|is|my|am|today)\b).)+",
    re.IGNORECASE | re.DOTALL,
)


class Unsaid:
    """Where a text names what it does not say of the patient now."""

    def __init__(self, text: str) -> None:
        """Read the text once."""
        self._of_no_one = _merged(_of_no_one(text))
        self._over = _merged(_over(text))

    def covers(self, start: int, *, is_lasting: bool) -> bool:
        """Whether the word that starts here is such; what lasts is not over, however long ago it was."""
        return _holds(self._of_no_one, start) or (not is_lasting and _holds(self._over, start))


def _of_no_one(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_TURNS, _ANIMAL, _PREVENTED):
        yield from (found.span() for found in pattern.finditer(text))
    for found in _STORY.finditer(text):
        own = _SELF_IN_STORY.search(text, found.start(), found.end())
        yield found.start(), own.start() if own else found.end()
    if _GENERAL.search(text):
        for statement in _STATEMENT.finditer(text):
            said = _TO_KNOW.sub(" ", _GENERAL.sub(" ", statement.group()))
            if not _OF_PATIENT.search(said):
                yield statement.span()


def _over(text: str) -> Iterator[tuple[int, int]]:
    """Statements with a date of years ago where the text says that all is well since; else the date's clause."""
    if not _DATE.search(text) or _TODAY.search(text):
        return
    is_settled = bool(_SETTLED.search(text))
    if not is_settled and _DURATION.search(text):
        return
    for statement in _STATEMENT.finditer(text):
        if not _DATE.search(statement.group()):
            continue
        is_whole = is_settled or (_OF_OTHERS.search(statement.group()) and not _OWN.search(statement.group()))
        for clause in _CLAUSE.finditer(statement.group()):
            said = clause.group()
            if (is_whole or _DATE.search(said)) and (not _PRESENT.search(said) or (is_whole and _DATE.search(said))):
                yield statement.start() + clause.start(), statement.start() + clause.end()


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return made


def _holds(spans: list[tuple[int, int]], at: int) -> bool:
    place = bisect.bisect_right(spans, at, key=lambda span: span[0]) - 1
    return place >= 0 and at < spans[place][1]
