"""Which findings a text leaves open: feared, supposed or asked about, told of others, or long over."""

import re
from collections.abc import Iterator
from typing import Final

from services.findings.skeleton import PLACEHOLDER, numbers

_OPEN: Final = re.compile(
    r"(?:\b(?:(?:not|un)\s*sure (?:if|whether)|don['’]?t know (?:if|whether)|(?:afraid|scared) of"
    r"|(?:could|can|might|may|would|will) (?:it|this|that) (?:be|count as)|what if|(?:is|was) (?:it|this)(?= an? )"
    r"|in case of"
    r"|should i (?:get|have|develop)|family history of|screening for|vaccinated against"
    r"|what (?:are|is) the (?:\w+ )?(?:signs?|symptoms?) of"
    r"|(?:read|reading) (?:up )?(?:about|on)|heard about"
    r"|(?:article|(?:tv|television) show|programme|documentary|news|story|video|film|episode|leaflet|poster|podcast)"
    r" (?:about|on|regarding)"
    r"|(?:dreams?|dreamt|dreamed|nightmares?) (?:that|about|of|where))\b"
    r"(?!\s*(?:this|my|the|his|her)\b)"
    r"(?:\s+(?!and\b)[a-z'’]+){0,4}\s*|(?:不确定|不知道)?(?:是否|是不是|有没有|会不会)[有是]?"
    r"|怀疑(?:是|有)?|担心(?:是|有|会)?|怕(?:是|会|得了?)|万一有?)"
    rf"({PLACEHOLDER})|({PLACEHOLDER})(?:的)?家族史",
    re.IGNORECASE,
)
"""Questions, worries and families: not said of the patient."""

_SUPPOSED: Final = re.compile(
    r"\b(?:if|in case|should) (?:i|he|she|we|they|you|someone|somebody|anyone|anybody|my \w+) (?:were to|was to|ever)\b"
    r"|\bif (?:someone|somebody|anyone|anybody|a (?:person|friend|colleague|stranger|customer|pupil|student|guest))"
    r"(?: else| \w+ly)? (?:has|have|had|gets|got|is|was|were|starts?|develops?|takes|swallows|shows)\b"
    rf"|\bif (?:someone|somebody|anyone|anybody) {PLACEHOLDER}",
    re.IGNORECASE,
)
"""Events that are thought of; all that the statement says from here on is."""

_LONG_AGO: Final = re.compile(
    rf"(?P<before>{PLACEHOLDER})(?P<between>[^,，]{{0,40}}?)(?<!\w)"
    r"(?:years? ago|yrs ago|last year|decades ago|in (?:19|20)\d\d"
    r"|when (?:i|he|she|they) (?:was|were) (?:an? |just |only |about |very |still )?"
    rf"(?:(?:child|kid|toddler|teenager|teen|little|small|young|girl|boy|\d+|at school)\b|{PLACEHOLDER}))"
    rf"|(?P<once>{PLACEHOLDER}(?: once| twice)?) as an? (?:small |young |little )?"
    rf"(?:{PLACEHOLDER}|(?:child|kid|toddler|teenager|teen|girl|boy)\b)"
    r"|\b(?:years? ago|last year|in (?:19|20)\d\d|as a (?:child|kid|teenager)"
    r"|when (?:i|he|she|they) (?:was|were) (?:an? |just |only |about )?"
    r"(?:child|kid|teenager|teen|little|small|young|girl|boy|\d{1,2}|at school)),?"
    r" (?:i|he|she|they|we|my \w+) (?:once )?"
    rf"(?:had |took |got |was |suffered )?(?:an? |my |his |her )?(?P<after>{PLACEHOLDER})",
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
    r"\s*(?:and )?(?:my|his|her) (?:mother|father|mum|mom|dad|brother|sister|grand\w+|aunt|uncle|cousin|friend)s?"
    rf"(?:['’]s (?:{PLACEHOLDER}|baby|son|daughter|kid|boy|girl))? "
    rf"(?:{PLACEHOLDER}|had|died|has (?:a )?history|was diagnosed|suffer\w*|also had)"
    r"|\s*我?的?(?:父亲|母亲|爸爸|妈妈|爷爷|奶奶|外公|外婆|哥哥|姐姐|弟弟|妹妹|叔叔|舅舅)(?:也|曾经?)*(?:得过|患有?|有过|因|死于)"
    rf"|\s*我?的?(?:(?:表|堂)[哥姐弟妹]|舅舅|同事|朋友|邻居|同学)(?:(?:让|被)[^，,]{{0,4}})?{PLACEHOLDER}过",
    re.IGNORECASE,
)
_WITNESSED: Final = re.compile(
    rf"\b(?:saw|seen|watched) (?:someone|somebody|people|a (?:man|woman|person|stranger|colleague))"
    rf"(?:\s+(?!and\b)[a-z'’]+){{0,4}}\s*({PLACEHOLDER})",
    re.IGNORECASE,
)
_IN_NEED: Final = re.compile(r"\b(?:is|isn['’]?t|not|no|now|just|help|still|he|she)\b", re.IGNORECASE)
"""What a witness says of somebody who still needs help."""

_HAPPENS_NOW: Final = re.compile(
    r"\b(?:just|now|today|tonight|this (?:morning|afternoon|evening)|yesterday|last night"
    r"|(?:minutes?|mins|hours?|hrs) ago|is|isn['’]?t|won['’]?t|can['’]?t)\b|现在|刚|[今昨]|突然|分钟|小时|昏迷|后",
    re.IGNORECASE,
)
"""A relative's illness in a statement with one of these is what the text asks about."""

SELF: Final = re.compile(
    r"\bi(?:['’]ve| have|['’]m| am| feel| get| cough)\b|我(?!的?(?:父|母|爸|妈|爷|奶|外|哥|姐|弟|妹))", re.IGNORECASE
)

_PREPARING: Final = re.compile(
    r"怎么(?:办|处理|急救|预防|应对|做)|咋(?:办|处置|处理|整|弄)|该(?:做|怎么|咋|如何)|如何|第一时间|急救|提前|预防|准备|备[点些]"
    r"|了解|学[学习]|想学|以防"
)
_SUPPOSED_ZH: Final = re.compile(r"(?:万一|要是|如果|假如|假使|倘若|若是)(?!.{0,4}(?:还|再|又|一直|继续|仍|就|一))")
"""What might happen, where the text asks what to do then; "if I walk fast" and "if it goes on" are said of now."""

_TOPIC: Final = re.compile(
    rf"(?:预防|防止|避免|以防|想学|学习|了解|科普|讲讲|说说)(?:一下|下)?({PLACEHOLDER})"
    rf"|({PLACEHOLDER})的?(?:早期|先|前)?(?:症状|征兆|前兆|表现|急救)(?:是什么|有哪些|有啥|都有|知识|方法|措施)|({PLACEHOLDER})的?疫苗"
    rf"|(?:什么|啥)叫做?({PLACEHOLDER})|遇[到见]({PLACEHOLDER})的人|({PLACEHOLDER})(?:到底)?(?:是(?:什么|啥)(?:意思|手感)|是怎么产生|怎么区分|见于)"
    rf"|一朝({PLACEHOLDER})|({PLACEHOLDER})值?[，,]?在?正常范围"
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
    r"(?:走[了的]|(?<![搏吸识气跳觉动])没[了的]|(?:去|过)世了?|(?<![快要])死了|不在了)$"
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

NOT_HAPPENED: Final = re.compile(
    rf"(?:怕|防|防止|避免|当心|[像跟]是?被)(?:再|人|给)?(?:打|摔|碰)?({PLACEHOLDER})|笑得我?[^，,]{{0,2}}?({PLACEHOLDER})"
)
"""What is feared or likened to, where it is an event."""

STILL: Final = re.compile(
    r"开始|至今|到现在|一直|老是|总是|又|再|最近|这[次回两几]|今[天早晚]|还(?:在|是|会|想)|没(?:这么|这样)|一样|越来越"
)
"""What makes an old complaint one of now."""


def long_ago(statement: str) -> Iterator[int]:
    """Placeholders of what an English statement dates years back."""
    for found in _LONG_AGO.finditer(statement):
        if not (found["between"] and _GOES_ON.search(found["between"])):
            yield from numbers(found["before"] or found["once"] or found["after"])


def left_open(statement: str, spelled: str, *, speaks_of_self: bool) -> Iterator[int]:
    """Placeholders of what a statement asks about, fears, supposes or tells of others.

    Args:
        statement: With placeholders.
        spelled: The sentence that it is a part of, without them.
        speaks_of_self: Whether the text is about its writer.
    """
    for found in _OPEN.finditer(statement):
        yield from numbers(found[1] or found[2])
    if (witnessed := _WITNESSED.search(statement)) and not _IN_NEED.search(spelled):
        yield from numbers(witnessed[1])
    if supposed := _SUPPOSED.search(statement):
        yield from numbers(statement[supposed.start() :])
    if speaks_of_self and not _HAPPENS_NOW.search(spelled):
        for piece in re.split(r"[,，]|\band (?=i\b)", statement, flags=re.IGNORECASE):
            if _RELATIVE.match(piece):
                yield from numbers(piece)
    yield from _of_no_one(statement)


def _of_no_one(statement: str) -> Iterator[int]:
    """Placeholders of what a Chinese text supposes, asks about in general, or tells of others."""
    prepares = bool(_PREPARING.search(statement))
    for found in _TOPIC.finditer(statement):
        yield from numbers(found.group())
    for piece in re.split("[，,]", statement):
        if _HEARSAY.search(piece):
            yield from numbers(piece)
        elif prepares and (supposed := _SUPPOSED_ZH.search(piece)):
            yield from numbers(piece[supposed.end() :])


def long_ago_zh(statement: str) -> Iterator[int]:
    """Placeholders of what a Chinese statement dates years back."""
    for piece in re.split("[，,]", statement):
        if found := _LONG_AGO_ZH.search(piece):
            yield from numbers(piece[found.start() :])


def over_zh(text: str) -> Iterator[tuple[int, int]]:
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


def is_of_interest_only(text: str) -> bool:
    """Whether a Chinese text asks in general, as for an exam, or says that the writer has nothing."""
    if _OF_NOW.search(text):
        return False
    return bool(_STUDIES.search(text) or (_UNCONCERNED.search(text) and _CURIOUS.search(text)))
