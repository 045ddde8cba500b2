"""Whether a text says that a finding is there, is not there, or leaves it open, in English and Chinese.

In the spirit of NegEx (Chapman et al., J Biomed Inform 2001), but stricter: a cue negates the finding right behind it
and the further items of a list, nothing else, because a danger sign that is read as absent harms more than the reverse.
The text is read as a skeleton in which each finding's own words are one placeholder, so that cues inside a finding's
name ("cannot breathe", 无力) are out of sight and list grammar can be written down.
"""

import bisect
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.core.text import Token
from services.findings.lexicon import EVENTS, Match
from services.findings.unsaid import Unsaid


class Status(StrEnum):
    """What is known of a finding."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


_OPEN_MARK, _CLOSE_MARK = "\ue000", "\ue001"
_P: Final = f"{_OPEN_MARK}\\d+{_CLOSE_MARK}"
_HAN: Final = f"\u4e00-\u9fff{_OPEN_MARK}{_CLOSE_MARK}"

_BREAK: Final = re.compile(
    rf"[;!?\n。；！？…~～]|[—–]+|\s-\s|\((?!-\))|（(?![-－—])|(?<![-－—])[)）]|\.(?!\d)|(?<=[{_HAN}]) +(?=[{_HAN}])"
)
"""Where a statement ends. A decimal point and "(-)" are no ends; between Chinese characters a space is one."""

_PSEUDO: Final = re.compile(
    r"\b(?:not only|no doubt|non-?\s?stop|never without|no (?:relief|improvement|change|idea|longer able)"
    r"|(?:is|are|was)n['’]?t (?:this|it|that|these)|without (?:warning|any warning|stopping|relief)"
    r"|(?:can['’]?t|cannot|can not|could(?:n['’]?t| not)|unable to|hardly|not)\b[^,.]{0,40}\bwithout"
    r"|never(?=[^,.]*\b(?:like this|this bad|this severe|such|worse|so (?:bad|severe)|before)\b))"
    r"|前所未有|从来?没有?(?:过的|这么|这样|如此)|(?:没有?|无|毫无)(?:任何|什么|明显)?(?:预兆|征兆|先兆|诱因|原因|理由)"
    r"|无(?:休止|痛性|时无刻不?|法|论|缘无故|故)|不是没有?|并非(?:无|没有?)|不[能敢]说没有?|没什么?事|未经"
    r"|不(?:但|仅|只|止|停|断|住|由)"
    r"|没(?:想到|法|办法|多久|过多久|完没了)",
    re.IGNORECASE,
)
"""Wordings that look like a negation and are none."""

_NARROW: Final = re.compile(
    r"\b(?:no|without|nor|neither|(?:has|have|had)? ?never(?: had| experienced| noticed| felt)?"
    r"|(?:(?:do|does|did|is|are|am|was|were|have|has|had) ?n[o'’]?t|not)"
    r"(?: (?:currently|really|actually|been|have|had|having|feel|feeling|experienc\w+|notic\w+|report\w*|got"
    r"|get|getting|suffer\w* from|complain\w* of|thinking (?:of|about)|planning to"
    r"|(?:on|taking|take|using)(?= an?y?\b)))*)\b"
    r"|没有?(?:想(?:过|要|着)?|[说喊叫提])?|[不没](?:说|喊|带|压着)|未(?:见|出现|诉|及|伴有?|发现|闻及|触及)|不伴有?|无|(?:并|也|还|又|都)?不(?:怎么|太|会|觉得|是|感到|再)?",
    re.IGNORECASE,
)
"""Negates the finding behind it, and lists that end with "or"."""

_WIDE: Final = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|negative for|(?:absence|free) of|no (?:history|evidence|signs?|symptoms?) of)\b|否认",
    re.IGNORECASE,
)
"""Negates whole lists."""

_FORMAL: Final = frozenset({"无", "否认", "未见", "未诉", "未闻及", "未触及", "不伴", "不伴有", "未伴", "未伴有"})
"""Written style, in which items follow one another without any mark: 无发热咳嗽."""

_FILL: Final = (
    r"(?:any|a|an|more|significant|obvious|current|recent|associated|other|known|further|much|new|noticeable|severe|marked"
    r"|past|previous|family|visible|really"
    r"|(?:history|signs?|evidence|symptoms?|episodes?|complaints?|thoughts?|plans?|urges?|intentions?|ideas?) of)\s+"
)
_ZH_FILL: Final = (
    r"(?:明显|任何|其[他它]|伴|有|出现|过|什么|太|显著|特殊|既往|反复|再|感到|感觉|觉得|见|诉|特别|严重|发生"
    r"|合并|怎么|的|吃|服|用|打|碰|摔跤?|跌倒|受伤)"
)
_ITEM: Final = re.compile(rf"\s*(?:{_FILL}){{0,3}}{_ZH_FILL}{{0,3}}({_P})", re.IGNORECASE)
_NEXT_ITEM: Final = re.compile(rf"\s*(?:{_FILL}){{0,3}}(?:明显|任何|其[他它]|显著|特殊|反复)?({_P})", re.IGNORECASE)
_UNKNOWN_ITEM: Final = re.compile(
    r"\s*(?!(?:and|but|or|nor|has|have|had|is|was|i|he|she|it|my|can|cannot|started|since|for|with)\b)"
    rf"(?:[a-z][a-z'’-]*(?: (?!(?:or|nor|and)\b)[a-z'’-]+){{0,2}}"
    rf"|(?![^，,、。{_OPEN_MARK}]{{0,10}}(?:前|后|时|诉|仍|今|昨|现|又|就|一直|天|周|月))[\u4e00-\u9fff]{{1,8}}?)(?=\s*(?:[,，、]|$|\b(?:or|nor|and)\b|和|及|或|与))",
    re.IGNORECASE,
)
"""An item of a list that the lexicon does not know."""

_OR: Final = re.compile(r"\s*[,，]?\s*(?:\b(?:or|nor)\b|或者?|也(?:无|没有?|不)|以及|及)\s*", re.IGNORECASE)
_PAUSE: Final = re.compile(r"\s*[/、和与跟]\s*")
_COMMA: Final = re.compile(r"\s*[,，]\s*")
_AND: Final = re.compile(r"\s+and\s+", re.IGNORECASE)
_ENDS: Final = re.compile(
    r"\s*(?:(?:等|史|病史|症状|现象|的?情况|的?表现)*(?:$|[,，、/和与跟及或]|但|不过|以及)"
    r"|(?:symptoms?|at all|either|today|currently|with (?:it|this|that))?\s*(?:$|[,/]|\b(?:or|nor|and|but)\b))",
    re.IGNORECASE,
)
"""What may stand behind an item for it to be one of a list rather than the beginning of a statement."""

_ONLY_SOMETIMES: Final = re.compile(
    r"\s*(?:at rest|all the time|every ?day|always|constantly)\b|\s*的时候", re.IGNORECASE
)

_ITEMS_BEFORE: Final = 40
"""Longest list before its negation; without a bound, a long run of findings takes quadratic time."""

_AFTER: Final = re.compile(
    rf"({_P}(?:\s*(?:、|/|\band\b|\bor\b|和|及|或|与)?\s*{_P}){{0,{_ITEMS_BEFORE}}})\s*"
    r"(?:(?:is|are|was|were|has been|have been)?\s*(?:usually|typically|often|always|generally|normally)?\s*"
    r"(?:absent|denied|ruled out|not present|not reported|negative)(?=\s*(?:$|[,，]|in\b|at\b))"
    r"|[:：]\s*(?:no|none|nil|absent|denied|无|没有|否认)(?!\w)"
    r"|[（(][-－—][)）]"
    r"|(?:那种|这种|这些|之类的?|什么的|的(?:情况|现象|症状)|倒是|倒|目前|现在|暂时|通常|一般|多|往往|也|都|均|并)*"
    r"(?:不明显|缺如|不存在|不出现|阴性|没有过?|未见|无|没|感觉正常|是?阴性)"
    r"(?=\s*(?:$|[，,了])))",
    re.IGNORECASE,
)
"""Findings that stand before their negation."""

_NO_SUDDEN: Final = re.compile(
    rf"(?:没有过?|无|否认)(?:任何|过|明显)?({_P}的{_P}|{_P}{_P}(?=\s*(?:起病|发作|[，,、]|$)))(?!\s*的时候)"
)
"""A finding denied together with its kind: 没有突然的剧痛."""

_ASKED_AND_DENIED: Final = re.compile(rf"(?<={_CLOSE_MARK})\s*\?\s*(?=(?:no|nil|none)\s*(?:[-–—,.;]|$))", re.IGNORECASE)
"""The mark in a note's "confusion? no"."""

_OPEN: Final = re.compile(
    r"(?:\b(?:(?:not|un)\s*sure (?:if|whether)|don['’]?t know (?:if|whether)|(?:afraid|scared) of"
    r"|(?:could|can|might|may|would|will) (?:it|this|that) (?:be|count as)|what if|(?:is|was) (?:it|this)(?= an? )"
    r"|in case of"
    r"|should i (?:get|have|develop)|family history of|screening for|vaccinated against"
    r"|what (?:are|is) the (?:\w+ )?(?:signs?|symptoms?) of"
    r"|(?:read|reading|heard|watched|watching|saw|seen|article|show|programme|program|documentary|news|story|post|video"
    r"|film|series|episode|leaflet|poster|campaign|lesson|course|training|podcast)"
    r"(?: \w+){0,2} (?:about|on|of|regarding)"
    r"|(?:dreams?|dreamt|dreamed|nightmares?) (?:that|about|of|where)"
    r"|(?:saw|seen|watched|watching) (?:someone|somebody|people|a (?:man|woman|person|stranger|colleague)))\b"
    r"(?!\s*(?:this|my|the|his|her)\b)"
    r"(?:\s+(?!and\b)[a-z'’]+){0,4}\s*|(?:不确定|不知道)?(?:是否|是不是|有没有|会不会)[有是]?"
    r"|怀疑(?:是|有)?|担心(?:是|有|会)?|怕(?:是|会|得了?)|万一有?)"
    rf"({_P})|({_P})(?:的)?家族史",
    re.IGNORECASE,
)
"""Questions, worries and families: not said of the patient."""

_SUPPOSED: Final = re.compile(
    r"\b(?:if|in case|should) (?:i|he|she|we|they|you|someone|somebody|anyone|anybody|my \w+) (?:were to|was to|ever)\b"
    r"|\bif (?:someone|somebody|anyone|anybody|a (?:person|friend|colleague|stranger|customer|pupil|student|guest))"
    r"(?: else| \w+ly)? (?:has|have|had|gets|got|is|was|were|starts?|develops?|takes|swallows|shows)\b"
    rf"|\bif (?:someone|somebody|anyone|anybody) {_P}",
    re.IGNORECASE,
)
"""Events that are thought of; all that the statement says from here on is."""

_LONG_AGO: Final = re.compile(
    rf"(?P<before>{_P})(?P<between>[^,，]{{0,40}}?)(?<!\w)(?:years? ago|yrs ago|last year|decades ago|in (?:19|20)\d\d"
    r"|when (?:i|he|she|they) (?:was|were) (?:an? |just |only |about |very |still )?"
    rf"(?:(?:child|kid|toddler|teenager|teen|little|small|young|girl|boy|\d+|at school)\b|{_P}))"
    rf"|(?P<once>{_P}(?: once| twice)?) as an? (?:small |young |little )?"
    rf"(?:{_P}|(?:child|kid|toddler|teenager|teen|girl|boy)\b)"
    r"|\b(?:years? ago|last year|in (?:19|20)\d\d|as a (?:child|kid|teenager)"
    r"|when (?:i|he|she|they) (?:was|were) (?:an? |just |only |about )?"
    r"(?:child|kid|teenager|teen|little|small|young|girl|boy|\d{1,2}|at school)),?"
    r" (?:i|he|she|they|we|my \w+) (?:once )?"
    rf"(?:had |took |got |was |suffered )?(?:an? |my |his |her )?(?P<after>{_P})",
    re.IGNORECASE,
)
"""Events of years ago."""

_GOES_ON: Final = re.compile(
    r"\b(?:sinc|ever since|start|began|begin|first|still|now|again|keep|gett|wors|ongoing|come and go|every|from"
    r"|diagnos|and|but|which|replac|remov)",
    re.IGNORECASE,
)
"""What stands between an event and its date where it is not over, or where the date is another event's."""

_RELATIVE: Final = re.compile(
    r"\s*(?:and )?(?:my|his|her) (?:mother|father|mum|mom|dad|brother|sister|grand\w+|aunt|uncle|cousin)s? "
    rf"(?:{_P}|had|died|has (?:a )?history|was diagnosed|suffer\w*|also had)"
    r"|\s*我?的?(?:父亲|母亲|爸爸|妈妈|爷爷|奶奶|外公|外婆|哥哥|姐姐|弟弟|妹妹|叔叔|舅舅)(?:也|曾经?)*(?:得过|患有?|有过|因|死于)",
    re.IGNORECASE,
)
_SELF: Final = re.compile(
    r"\bi(?:['’]ve| have|['’]m| am| feel| get| cough)\b|我(?!的?(?:父|母|爸|妈|爷|奶|外|哥|姐|弟|妹))", re.IGNORECASE
)


_SPEAKS_AGAINST: Final = re.compile(
    r"\b(?:(?:argues?|speaks?) against|makes? [^.]{0,60} (?:less likely|unlikely)|does not suggest|not typical"
    r"|suggests? (?:another|other|a different)|points? (?:to another|away))\b"
    r"|不支持|提示(?:其他|另有)|可能性(?:较?小|较?低)|应考虑其他|不典型|更可能是其他",
    re.IGNORECASE,
)

_PREPARING: Final = re.compile(
    r"怎么(?:办|处理|急救|预防|应对|做)|咋(?:办|处置|处理|整|弄)|该(?:做|怎么|咋|如何)|如何|第一时间|急救|提前|预防|准备|备[点些]"
    r"|了解|学[学习]|想学|以防"
)
_SUPPOSED_ZH: Final = re.compile(r"(?:万一|要是|如果|假如|假使|倘若|若是)(?!.{0,4}(?:还|再|又|一直|继续|仍|就|一))")
"""What might happen, where the text asks what to do then; "if I walk fast" and "if it goes on" are said of now."""

_TOPIC: Final = re.compile(
    rf"(?:预防|防止|避免|以防|想学|学习|了解|科普|讲讲|说说)(?:一下|下)?({_P})"
    rf"|({_P})的?(?:早期|先|前)?(?:症状|征兆|前兆|表现|急救)(?:是什么|有哪些|有啥|都有|知识|方法|措施)|({_P})的?疫苗"
    rf"|(?:什么|啥)叫做?({_P})|遇[到见]({_P})的人|({_P})(?:到底)?(?:是(?:什么|啥)(?:意思|手感)|是怎么产生|怎么区分|见于)"
    rf"|一朝({_P})|({_P})值?[，,]?在?正常范围"
)
"""A disease as the topic of a question."""

_HEARSAY: Final = re.compile(
    r"(?:刷|看)(?:到|了|见)?(?:一?个|的)?(?:短?视频|新闻|文章|帖子|科普|抖音|小红书|朋友圈|电视剧|电影|剧)(?:里|说|讲)"
    r"|(?:新闻|视频|电视剧|电影|小说|网上|书上?)(?:里|上|中)?(?:说|讲|写|报道|演)|追剧|[男女]主(?!任)|主角"
    r"|听(?:人|别人|朋友|同事|邻居)?[说讲]|据说|有人[说讲]"
    r"|^(?![^，,]*(?:时候?|突然|忽然|我(?![家们])|[今昨]))[^，,]*"
    r"(?:科普|朋友圈|群里|(?:孕妇|育儿|急救|健康)课|课本|教材|书上|的视频|段子|新闻|节目|[视装疑韩美斗]剧|电影|小说"
    r"|游戏里|老一辈|梦[见到])"
    r"|(?:邻居|隔壁|同事|同学|朋友|亲戚|网友|明星|老乡|[舅叔伯姑姨爷奶公婆爸妈哥姐弟妹]|老[\u4e00-\u9fff])[^，,]*"
    r"(?:走[了的]|没[了的]|(?:去|过)世了?|(?<![快要])死了|不在了)$"
)
"""What is told of others: in films and on the net, and of those who died."""

_LONG_AGO_ZH: Final = re.compile(
    r"小时候|前年|去年|年轻(?:时|的时候)|早年|当年|[\d一二两三四五六七八九十几多]年(?:以)?前|(?:以前|曾经?)(?=[^，,]*过)"
)
_PAST_ZH: Final = re.compile(
    rf"{_LONG_AGO_ZH.pattern}|上(?:个月|周|星期|礼拜)|[\d一二两三四五六七八九十几半]个?(?:月|年)(?:以)?前|[那当]时|那会儿|那阵|以前"
    r"|术前|出生时|生(?:老大|大宝|头胎)"
)
_OVER: Final = re.compile(
    r"(?:没有?|未|不)再|再(?:也|都)?没|年没(?:再)?犯|早(?:就)?(?:已经)?好了|[都已]经?好了|完全(?:恢复|好)|恢复得(?:很|挺|不错|好)"
    r"|(?:现在|目前|如今)(?:都|也|已经|一直)?(?:好好的|没事|恢复|正常|健康|[挺很]好|什么事(?:都|也)?没)|控制得"
    r"|一直(?:很|都)?(?:稳定|正常|没事)|没(?:有)?后遗症|全消了|(?:夹出来|取出来|咽下去)了"
    r"|都是[^，]{1,5}年前(?:的事)?了|(?:医生|大夫)(?:都)?说(?:没事|很稳|正常|没问题|没伤|是太?紧张)|(?:CT|心电图|片子?|心脏|检查|查了?|腰穿)[^，。]{0,4}(?:没事|正常|没问题)"
)
"""What says that something earlier is over."""

_RECURS: Final = re.compile(
    r"又|还(?:是(?!要)|会|有|在|没好)|仍|反复|老是|总是|这次|这[两几][天个周]|最近|突然|越来越|加重|复发|昨|但是?|可是?|不过"
    r"|今[天早晚](?!只是|就是|想|吃|都|已)|刚(?!好|查)"
)
"""What says that it came back, or that something else has begun."""

_CURIOUS: Final = re.compile(r"想(?:问|知道|了解|学)|好奇|请问|问问|[啥什]么?叫|科普|学习一下|怎么产生|有必要")
_UNCONCERNED: Final = re.compile(
    r"(?:我|自己|我家[^，。]{0,4})(?:自己|现在|目前|人)?(?:都|也)?(?:好好的|没有?(?:这些|任何|什么|啥)?(?:症状|不舒服|不适)|什么感觉都没)"
    r"|我没症状"
)
_STUDIES: Final = re.compile(
    r"考(?:试)?题|求解[析释]|备考|考红十字|写论文|查资料|课作业|黑板报|面试|护理考|急救培训|科普资料|法治节目|(?:什么|啥)意思"
)
_OF_NOW: Final = re.compile(
    r"[今昨刚]|前天|突然|忽然|开始|小时|分钟前|[一二两三四五六七八九十几半\d]天|[早晚]上|半夜|夜里|最近|这[几两次]|越来越|救命"
)
"""What a text of somebody who is ill now seldom lacks."""

_NOT_HAPPENED: Final = re.compile(
    rf"(?:怕|防|防止|避免|当心|[像跟]是?被)(?:再|人|给)?(?:打|摔|碰)?({_P})|笑得我?[^，,]{{0,2}}?({_P})"
)
"""What is feared or likened to, where it is an event."""

_STILL: Final = re.compile(
    r"开始|至今|到现在|一直|老是|总是|又|再|最近|这[次回两几]|今[天早晚]|还(?:在|是|会|想)|没(?:这么|这样)|一样|越来越"
)
"""What makes an old complaint one of now."""


@dataclass(frozen=True, slots=True)
class _Skeleton:
    """The text with each run of matched words as a placeholder; `runs` are the spans that these stand for."""

    text: str
    runs: tuple[tuple[int, int], ...]


def assert_matches(
    text: str, tokens: Sequence[Token], matches: Sequence[Match], lasting: Container[str] = frozenset()
) -> list[Status]:
    """The status of each match, in their order; that of `lasting` concepts is the same however long ago they were."""
    skeleton = _skeleton(text, tokens, matches)
    absent: set[int] = set()
    unknown: set[int] = set()
    past: set[int] = set()
    feared: set[int] = set()
    speaks_of_self = bool(_SELF.search(text))
    said = _ASKED_AND_DENIED.sub(": ", _PSEUDO.sub(lambda found: "·" * len(found.group()), skeleton.text))
    for statement in _BREAK.split(said):
        absent.update(_negated(statement))
        unknown.update(_left_open(statement, speaks_of_self=speaks_of_self))
        past.update(_long_ago(statement))
        feared.update(*(_numbers(found.group()) for found in _NOT_HAPPENED.finditer(statement)))
        if not _STILL.search(text):
            past.update(_long_ago_zh(statement))
    spans = [(0, len(text))] if _is_of_interest_only(text) else list(_over_zh(text))
    past.update(number for number, run in enumerate(skeleton.runs) if any(a <= run[0] < b for a, b in spans))
    absent -= unknown
    unsaid = Unsaid(text)
    return [
        Status.UNKNOWN
        if any(unsaid.covers(tokens[place].start, is_lasting=match.concept_id in lasting) for place in match.tokens)
        else _status(
            match,
            tokens,
            skeleton,
            absent,
            (unknown if match.concept_id in lasting else unknown | past)
            | (feared if match.concept_id in EVENTS else set()),
        )
        for match in matches
    ]


def speaks_against(sentence: str) -> bool:
    """Whether a guideline's sentence says that what it names speaks against the condition."""
    return bool(_SPEAKS_AGAINST.search(sentence))


def _status(match: Match, tokens: Sequence[Token], skeleton: _Skeleton, absent: set[int], unknown: set[int]) -> Status:
    starts = (tokens[place].start for place in match.tokens)
    runs = {bisect.bisect_right(skeleton.runs, start, key=lambda run: run[0]) - 1 for start in starts}
    if runs & unknown:
        return Status.UNKNOWN
    return Status.ABSENT if runs & absent else Status.PRESENT


def _skeleton(text: str, tokens: Sequence[Token], matches: Sequence[Match]) -> _Skeleton:
    """Runs of neighbouring tokens that belong to one match; overlapping runs are one."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted(run for match in matches for run in _runs(tokens, match)):
        if runs and start < runs[-1][1]:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    made, at = "", 0
    for number, (start, end) in enumerate(runs):
        since = "前" if text[start - 1 : start + 1] == "年前" else ""
        made += f"{text[at:start]}{since}{_OPEN_MARK}{number}{_CLOSE_MARK}"
        at = end
    return _Skeleton(made + text[at:], tuple(runs))


def _runs(tokens: Sequence[Token], match: Match) -> Iterator[tuple[int, int]]:
    first = match.tokens[0]
    for here, following in zip(match.tokens, (*match.tokens[1:], -1), strict=True):
        if following != here + 1:
            yield tokens[first].start, tokens[here].end
            first = following


def _negated(statement: str) -> Iterator[int]:
    for found in _NO_SUDDEN.finditer(statement):
        yield from _numbers(found[1])
    for found in _AFTER.finditer(statement):
        yield from _numbers(found[1])
    wide = [found.span() for found in _WIDE.finditer(statement)]
    for start, end in wide:
        yield from _list_items(statement, end, is_wide=True, is_formal=statement[start:end] in _FORMAL)
    for found in _NARROW.finditer(statement):
        if not any(start <= found.start() < end for start, end in wide):
            yield from _list_items(statement, found.end(), is_wide=False, is_formal=found.group() in _FORMAL)


def _list_items(statement: str, at: int, *, is_wide: bool, is_formal: bool) -> list[int]:
    """Placeholders of the list that begins here.

    The first item counts whatever follows it. Another one counts only if a separator or the end follows, and after a
    mere comma only if the cue is wide or the list is closed by "or".
    """
    sure: list[int] = []
    pending: list[int] = []
    item = _ITEM.match(statement, at)
    if item and not _ONLY_SOMETIMES.match(statement, item.end()):
        sure += _numbers(item[1])
    if item is None and (is_wide or is_formal):
        item = _UNKNOWN_ITEM.match(statement, at)
    while item:
        at = item.end()
        closes, item = _next_item(statement, at, is_wide=is_wide, is_formal=is_formal)
        if item is None:
            break
        (sure if closes else pending).extend(_numbers(item.group()))
        if closes:
            sure += pending
            pending = []
        at = item.end()
    return sure


def _next_item(statement: str, at: int, *, is_wide: bool, is_formal: bool) -> tuple[bool, re.Match[str] | None]:
    """The next item of a list, and whether it makes sure that all up to it are negated."""
    closing = (
        _OR.match(statement, at) or _PAUSE.match(statement, at) or (_AND.match(statement, at) if is_wide else None)
    )
    separator = closing or _COMMA.match(statement, at)
    start = separator.end() if separator else at
    if separator is None and not is_formal:
        return False, None
    if separator is None and not statement.startswith(_OPEN_MARK, at):
        return False, None
    item = _NEXT_ITEM.match(statement, start) or (_UNKNOWN_ITEM.match(statement, start) if separator else None)
    if item is None:
        return False, None
    if not (_ENDS.match(statement, item.end()) or (is_formal and statement.startswith(_OPEN_MARK, item.end()))):
        return False, None
    known = _OPEN_MARK in item.group()
    return bool(is_wide or separator is None or (closing and known)), item


def _long_ago(statement: str) -> Iterator[int]:
    for found in _LONG_AGO.finditer(statement):
        if not (found["between"] and _GOES_ON.search(found["between"])):
            yield from _numbers(found["before"] or found["once"] or found["after"])


def _left_open(statement: str, *, speaks_of_self: bool) -> Iterator[int]:
    for found in _OPEN.finditer(statement):
        yield from _numbers(found[1] or found[2])
    if supposed := _SUPPOSED.search(statement):
        yield from _numbers(statement[supposed.start() :])
    if speaks_of_self:
        for piece in re.split(r"[,，]|\band (?=i\b)", statement, flags=re.IGNORECASE):
            if _RELATIVE.match(piece):
                yield from _numbers(piece)
    yield from _of_no_one(statement)


def _of_no_one(statement: str) -> Iterator[int]:
    """Placeholders of what a Chinese text supposes, asks about in general, or tells of others."""
    prepares = bool(_PREPARING.search(statement))
    for found in _TOPIC.finditer(statement):
        yield from _numbers(found.group())
    for piece in re.split("[，,]", statement):
        if _HEARSAY.search(piece):
            yield from _numbers(piece)
        elif prepares and (supposed := _SUPPOSED_ZH.search(piece)):
            yield from _numbers(piece[supposed.end() :])


def _long_ago_zh(statement: str) -> Iterator[int]:
    for piece in re.split("[，,]", statement):
        if found := _LONG_AGO_ZH.search(piece):
            yield from _numbers(piece[found.start() :])


def _over_zh(text: str) -> Iterator[tuple[int, int]]:
    """Where a Chinese text tells of earlier, up to where it says that it is over."""
    since: int | None = None
    for piece in re.finditer(r"[^，,。；！？!?\n]+", text):
        over = _OVER.search(text, *piece.span())
        end = over.start() if over else piece.end()
        if since is None:
            found = _PAST_ZH.search(text, piece.start(), end)
            since = found.start() if found else None
        elif not over and _RECURS.search(text, piece.start(), end):
            since = None
        if over and since is not None and not _RECURS.search(text, over.end()):
            yield since, end


def _is_of_interest_only(text: str) -> bool:
    """Whether a Chinese text asks in general, as for an exam, or says that the writer has nothing."""
    if _OF_NOW.search(text):
        return False
    return bool(_STUDIES.search(text) or (_UNCONCERNED.search(text) and _CURIOUS.search(text)))


def _numbers(skeleton: str) -> list[int]:
    return [int(number) for number in re.findall(f"{_OPEN_MARK}(\\d+){_CLOSE_MARK}", skeleton)]
