"""What an English text names without saying it of the patient now: turns of speech, stories, study and what is over.

Each kind is told by a cue that an emergency hardly has. Where a cue could stand beside one, the text must in addition
say nothing of today, or it must say that all is well.
"""

import bisect
import re
from collections.abc import Iterator
from typing import Final

_TO_END: Final = r"[^.;!?\n]{0,120}"

_TURNS: Final = re.compile(
    rf"\b(?:choked up (?:at|when|with|by|over)\b{_TO_END}|(?:team|side|club|lads) choked|baby fever"
    rf"|choked on[^.;!?\n]{{0,40}}coughed it (?:up|out) and (?:\w+ )?fine"
    r"|stop(?:ped|s)? breathing (?:then snort|asleep|in (?:my|his|her) sleep)|i stop(?:ped)? breathing"
    r"|had me not breathing"
    r"|(?:no|any) breathing (?:problem|trouble|issue|difficult)s?"
    r"|not breathing (?:any )?(?:fast|hard|heav|rapid|quick|funn|differen)\w*|not sucking in\b"
    r"|not waking (?:me|us)\b|(?:can(?:['’]?t|not)|couldn['’]?t) breathe for laughing"
    rf"|breathtaking{_TO_END}|suffocating me with{_TO_END}|can['’]?t breathe in this job"
    r"|can(?:['’]?t|not) see (?:me|us|him|her|them|you|anything (?:myself|there|in|wrong)|(?:a|the) (?:gp|doctor"
    r"|dentist))\b"
    r"|(?:pass(?:ing)? (?:water|urine)|pee(?:ing)?|wee(?:ing)?) (?:fine|ok|okay|normally|well)\b"
    r"|beats? me (?:at|in|to)\b|hit me with a pillow|(?:will|would|gonna|going to|['’]ll) (?:have|throw) a fit when\b"
    r"|grunts? at (?:me|us|everyone)|grunts[^.;!?\n]{0,40}(?:\bpoo\b|pooing)"
    r"|usual (?:two|three|four|\d) pillows|(?:tiny|little|small) blister\b"
    r"|floppy (?:larynx|hat|hair|ears?)|hat is (?:too |so |very )?floppy|drooling over"
    rf"|whoop\w* with (?:laughter|joy|delight)|mind numbing|six pack{_TO_END}|rock hard,? proud{_TO_END}"
    rf"|(?:numb|dead) (?:from|after) sitting\b[^.;!?\n]{{0,40}}back to normal"
    r"|wet (?:myself|himself|herself) laughing|(?:hurts?|aches?|sore|agony|killing me) from laughing"
    r"|head against (?:a|the) (?:brick )?wall with (?:this|these|my)|what a headache"
    r"|(?:forms?|paperwork|job|boss|homework|taxes) (?:is|are) (?:one|a|the|such a)(?: \w+){0,2} headache"
    r"|like i(?:['’]?d|['’]?ve| had| have)? (?:been |got )?(?:hit|run over) by a (?:truck|bus|train|lorry)"
    r"|nearly (?:fainted|died|collapsed) (?:with joy|of shame|when i saw (?:the|my) \w* ?(?:bill|price))"
    r"|heart skipped a beat haha|seeing double haha|overdosed on (?:mince|choc|cake|tele|tv|christmas|sweets)\w*"
    r"|(?:friendship |that )?group is poison|poison(?:s|ed|ous)? (?:line|ivy)|pill to swallow"
    r"|words (?:got|get|were) stuck in (?:my|his|her) throat|confusion (?:at the airport|over the|about the)"
    r"|(?:plot|film|story|game) (?:has |had )?left me (?:so |totally )?confused|faint at (?:needles|the sight of blood)"
    r"|(?:dishwasher|boiler|tap|washing machine|roof|pipe) (?:is|has been|keeps|was) leaking(?: water)?"
    r"|touched[^.;!?\n]{0,40}no mark at all|sleepy all day from getting up|pop the blister"
    r"|(?:can(?:['’]?t|not)|couldn['’]?t) (?:lift|raise) my arms to (?:do|wash|brush|comb)\b"
    r"|(?:has|have|had|got|leaves) me (?:so |totally |all |really )?confused"
    r"|confused (?:by|about) (?:all )?the (?:\w+ )?(?:creams|controls|instructions|forms?|letters?|rules|options"
    r"|labels?)"
    rf"|burnt the (?:tomatoes|toast|dinner|rice|cake|food|tea|sausages){_TO_END}"
    r"|(?:tie|collar|scarf|bra|top|shirt|belt) is (?:strangling|choking|suffocating|killing) me"
    r"|i could (?:throttle|strangle) (?:my|him|her|them)|nose won['’]?t stop running"
    r"|would(?:n['’]?t| not| never) (?:ever )?(?:harm|hurt|kill) (?:myself|himself|herself)"
    r"|bones stick out under the skin,? always have"
    r"|(?:school|day|road|coach|boat|weekend|business) trip|trip (?:insurance|to|abroad)\b"
    r"|collapsed (?:on|in|onto|into) (?:the|my) (?:sofa|bed|couch)[^.;!?\n]{0,40}(?:\blol\b|haha)"
    r"|puffed (?:out )?after (?:racing|running|playing)[^.;!?\n]{0,40}settles in"
    rf"|keto diet and my breath{_TO_END})",
    re.IGNORECASE,
)
"""Words of an illness in a figure of speech or beside a harmless cause that is named with them."""

_ANIMAL: Final = re.compile(
    r"\b(?:dog|cat|puppy|kitten|horse|fish|rabbit|hamster|parrot)(?:['’]?s)? "
    r"(?:tongue|breath|did|is|['’]?s been|has|been|was|keeps|in my tank)\b"
    r"(?![^.;!?\n]{0,120}\b(?:bit\w*|scratch\w*|nip\w*|attack\w*|maul\w*|lick\w*|knock\w*|pull\w*|me"
    r"|my)\b)[^.;!?\n]{0,120}",
    re.IGNORECASE,
)

_STORY: Final = re.compile(
    rf"\b(?:in|watch(?:ed|ing)) (?:the|that|this|a|some) (?:\w+ ){{0,2}}"
    rf"(?:film|movie|drama|novel|soap|series|episode|sitcom|documentary)\b{_TO_END}"
    rf"|\b(?:saw|seen|heard) (?:it |this )?on the (?:news|telly|tv|radio)\b{_TO_END}|\b(?:clip"
    rf"|video) came up of{_TO_END}"
    rf"|\b(?:on|watching) (?:casualty|holby|eastenders|corrie)\b{_TO_END}"
    rf"|\bon (?:the )?(?:telly|tv)\b (?:was |talked |talking |said |explain){_TO_END}"
    rf"|\b(?:the|that) (?:news|leaflet|podcast|documentary|doc|book)\b[^.;!?\n,]{{0,30}}\b(?:said|says"
    rf"|about)\b{_TO_END}"
    rf"|\bbook, it says{_TO_END}|\bnovel (?:where|who|in which|about){_TO_END}"
    rf"|\bi (?:read|heard) (?:that|somewhere){_TO_END}|\bsinger i liked{_TO_END}",
    re.IGNORECASE,
)
"""What happens in films and books and is told in the news."""

_SELF_IN_STORY: Final = re.compile(
    r"\b(?:when|while|and|but|then|now) (?:i|my|we|he|she|he['’]s|she['’]s|suddenly|mum|dad)\b", re.IGNORECASE
)

_GENERAL: Final = re.compile(
    r"\b(?:first[ -]aid (?:quiz|badge|exam|course|test)|(?:nursing|lifeguard|biology|medical) (?:exam|quiz|course|test)"
    r"|medical student here|nursing student here|school project|(?:writing|write) (?:an essay|a (?:character|novel"
    r"|story))"
    r"|book club|(?:just )?curious|as a teacher|interview on|thinking of training|saw the word"
    r"|just planning(?: ahead)?|baby proofing|just want to be ready|no ?(?:one|body)(?: i know|['’]s| is)? (?:ill"
    r"|affected)"
    r"|nobody['’]?s eaten|(?:have|has)n['’]?t (?:taken|given)(?: \w+)? any yet|isn['’]?t due|never had it myself"
    r"|he['’]s well at the moment|is well at the moment|due to have kids some day"
    r"|when do babies have it|is that what the \w+ jab)\b",
    re.IGNORECASE,
)
"""Why somebody asks who has no complaint."""

_TO_KNOW: Final = re.compile(
    r"\b(?:how|what|when|which|where|why)(?: \w+)? (?:do|should|can|could|would) (?:i|we)\b|\bi(?: just)? (?:know"
    r"|liked)\b"
    r"|\bfor my\b|\bso i know\b|\bif my (?:little one|baby|child|son|daughter) (?:gets|has|had|got)\b|\bmy nephew\b"
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
    rf"|\bprotects? against\b{_TO_END}|\b[\w-]+ (?:prevention|awareness)\b"
    r"|\bhow (?:do|can) (?:i|you|we) (?:stop|keep|prevent) an? [^.;!?\n]{0,60}(?=[.;!?\n][^\n]{0,40}\bhasn['’]?t yet)",
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
    r"\b(?:all (?:good|clear|sorted|fine|better|recovered|normal|was fine)|long gone|went away|healed|recovered"
    r"|passed it"
    r"|(?:nothing|never|none|good) since|no pain (?:at all )?(?:now|these days|since)|no such thoughts|stable on"
    r"|fine (?:now|nowadays|these days|since)|(?:feel|feeling) fine|never any trouble|better now|i['’]?m well"
    r"|these days"
    r"|he['’]s (?:fifty|fine)|same as usual)\b",
    re.IGNORECASE,
)

_LAST_TIME: Final = re.compile(
    r"(?:^|(?<=[.!?\n]))\s*last (?:spring|summer|autumn|winter|year) (?:i|he|she|we|my \w+) (?:had|was|got)\b"
    r"(?![^.;!?\n]{0,120}\b(?:since|now|still)\b)[^.,;!?\n]{0,120}",
    re.IGNORECASE,
)
_OF_OTHERS: Final = re.compile(
    r"\b(?:my|our|a|the) (?:brother|sister|uncle|aunt|cousin|grand\w+|friend|lad|bloke|nan|neighbour|teacher)\b",
    re.IGNORECASE,
)
_BEFORE_DEATH: Final = re.compile(r"\b(?:my|our) \w+ [^.;!?\n]{0,80}before (?:he|she) (?:passed|died)\b", re.IGNORECASE)
_OWN: Final = re.compile(r"\b(?:i|i['’]m|i['’]ve|me)\b", re.IGNORECASE)

_UNCHANGED: Final = re.compile(r"\bnothing (?:new\b|has changed|changed\b)", re.IGNORECASE)
_NEW: Final = re.compile(r"\b(?:today|tonight|this morning|suddenly|worse|worst)\b", re.IGNORECASE)
_FOR_LONG: Final = re.compile(
    r"\b(?:years|yrs)\b|\bsince i was a (?:kid|child)|\balways\b|\bever since\b|\bold stroke\b", re.IGNORECASE
)

_NUMBED: Final = re.compile(r"\bdentist[^.;!?\n]{0,12}\bnumbed|\bnumbed[^.;!?\n]{0,20}\bdentist", re.IGNORECASE)
_ALLERGY: Final = re.compile(r"breath|swell|swollen|throat|wheez|hives|rash|collaps|arm|leg", re.IGNORECASE)
_DYED: Final = re.compile(
    r"\b(?:slush\w*|lolly|lollies|blueberr\w+|ink|dye|food colou?ring)\b[^.;!?\n]*\bwip(?:es|ing|ed) off"
    r"|\bcold (?:pool|sea|water)\b[^.;!?\n]*\bpink again|\bmeconium, all normal",
    re.IGNORECASE,
)

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
    for pattern in (_TURNS, _ANIMAL, _PREVENTED, _LAST_TIME, _BEFORE_DEATH):
        yield from (found.span() for found in pattern.finditer(text))
    for found in _STORY.finditer(text):
        own = _SELF_IN_STORY.search(text, found.start(), found.end())
        yield found.start(), own.start() if own else found.end()
    is_general = bool(_GENERAL.search(text))
    is_unchanged = bool(_UNCHANGED.search(text) and _FOR_LONG.search(text))
    is_numbed = bool(_NUMBED.search(text)) and not _ALLERGY.search(text)
    for statement in _STATEMENT.finditer(text):
        said = statement.group()
        if (
            (is_general and not _OF_PATIENT.search(_TO_KNOW.sub(" ", _GENERAL.sub(" ", said))))
            or (is_unchanged and _FOR_LONG.search(said) and not _NEW.search(said))
            or (is_numbed and _NUMBED.search(said))
            or _DYED.search(said)
        ):
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
