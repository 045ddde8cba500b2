"""Documents that talk to a model, or hide text from people, are set aside until a person has looked at them.

A guideline is quoted in prompts, so whoever writes into one could write into the prompt. The patterns are narrow: they
need the words of an attack together, since guidelines say "ignore", "instructions" and "system" all the time.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ingestion.readers.reader import Reading

_LOOSE: Final = r"(?:(?:all|any|every|the|of|these|those|this|other|and|current)\s+)"
_MEANT: Final = (
    r"(?:(?:your|my|above|previous|prior|preceding|earlier|former|foregoing|past|original|initial|existing|system|"
    r"developer|safety)\s+)"
)
_ORDERS: Final = r"(?:instructions?|prompts?|directives?|system\s+messages?|programming|guardrails?)\b"
_THING: Final = r"(?:an?\s+|the\s+|my\s+|your\s+)?(?:\w+\s+){0,3}"
_MODEL: Final = r"(?:ai|a\.i\.|llm|chat\s?bot|chatgpt|gpt|claude|gemini|language\s+model)\b"
_AI: Final = r"(?:AI|人工智能|大模型|语言模型|語言模型|模型|聊天机器人|聊天機器人)"

_RULES: Final[tuple[tuple[str, str], ...]] = (
    (
        "tells a model to ignore its instructions",
        r"\b(?:ignore|disregard|forget|override|bypass|overlook|neglect|discard)\s+"
        rf"(?:{_LOOSE}{{0,4}}{_MEANT}(?:{_LOOSE}|{_MEANT}){{0,3}}{_ORDERS}"
        r"|(?:all|any|every)\s+(?:of\s+)?(?:the\s+)?(?:instructions?|prompts?)\b"
        r"(?!\s+(?:on|in|for|from|of|about|given|to|that)\b))"
        rf"|\b(?:do\s+not|don.?t|never)\s+(?:follow|obey)\s+{_LOOSE}{{0,3}}{_MEANT}{_ORDERS}"
        r"|\b(?:ignore|disregard|forget)\s+(?:everything|anything|all|what)\s+(?:\w+\s+){0,3}"
        r"(?:above|before\s+this|told|said|instructed|you\s+(?:know|were|have))"
        r"|(?<![不勿别])(?<!不[可能要应得])(?:忽略|无视|無視|忘记|忘記|忘掉|不要理会|不要遵守|不要遵循|违背|违反|绕过)[^。！？\n]{0,6}"
        r"(?:以上|之前|上述|上面|先前|前面|此前|原有|原来|所有|全部|系统|系統|你的|您的)[^。！？，\n]{0,8}"
        r"(?:指令|提示词|提示(?![的了性])|命令|设定|設定|规则|規則|限制)",
    ),
    (
        "tells a model what it is",
        rf"\byou\s+are\s+(?:now\s+|from\s+now\s+on\s+)?{_THING}{_MODEL}"
        r"|\byou\s+are\s+now\s+(?:in\s+)?(?:dan\b|jailbroken|unrestricted|uncensored|(?:\w+\s+){0,2}mode\b|free\s+(?:from|of)\b"
        r"|a\s+(?:different|new)\s+|no\s+longer\s+(?:an?\s+|bound))"
        rf"|\b(?:act|behave|respond|answer|pretend)\s+(?:as|like|to\s+be)\s+(?:if\s+you\s+(?:are|were)\s+)?{_THING}{_MODEL}"
        rf"|\bas\s+an?\s+(?:\w+\s+)?{_MODEL},?\s+(?:you|your)\b"
        rf"|\b(?:dear|attention|hey|hello|note\s+(?:to|for)|instructions?\s+(?:to|for)|message\s+(?:to|for))\s*,?:?\s*{_THING}"
        rf"{_MODEL}"
        rf"|\bif\s+you\s+are\s+{_THING}{_MODEL}"
        rf"|(?:你|您)(?:现在|現在|从现在起|從現在起|就)?(?:是|扮演|作为|作為|充当)(?:一个|一個|一名|我的)?[^。，！？\n]{{0,8}}{_AI}"
        rf"|(?:请|請)?(?:注意|告诉|致)[：:，]?\s*(?:各位|所有)?{_AI}(?:助手|系统|模型)?[：:，]"
        r"|(?:从现在起|从现在开始|從現在起|從現在開始)[，,]?\s*(?:你|您)(?:是|将|要|必须|必須|只能|不再)"
        r"|你现在(?:是|处于)[^。，！？\n]{0,12}(?:模式|角色|助手)",
    ),
    (
        "asks for, or imitates, the text that steers a model",
        r"\b(?:your|the|new|updated|hidden|initial)\s+system\s+(?:prompt|message)\b|\bsystem\s+prompt\b"
        r"|\b(?:reveal|print|repeat|output|show|leak)\s+(?:me\s+)?(?:your|the)\s+(?:\w+\s+)?(?:prompt|hidden\s+instructions)\b"
        r"|\b(?:new|updated|revised|real|actual)\s+instructions?\s*:|\bend\s+of\s+(?:the\s+)?(?:system\s+)?prompt\b"
        r"|\b(?:begin|start|end)\s+of\s+(?:the\s+)?(?:context|system\s+message|user\s+(?:input|message))\b"
        r"|\bjail\s?break(?:ing|s|ed)?\b|\bdeveloper\s+mode\b|\bprompt\s+injection\b"
        r"|系统提示词|系統提示詞|系统提示[：:]|系统指令|提示词注入|越狱模式|开发者模式|新(?:的)?(?:指令|指示)[：:]"
        r"|(?:输出|显示|透露|泄露|重复|打印)[^。，\n]{0,6}(?:提示词|系统指令|系统提示)",
    ),
    (
        "tells what to answer instead of what to do for a patient",
        r"\b(?:when|whenever|if)\s+(?:you\s+are\s+)?(?:asked|summari[sz]ing|answering|generating|responding)\b[^.\n]{0,60}?"
        r",\s*(?:always\s+|only\s+|you\s+(?:must|should)\s+)?(?:say|answer|respond|reply|output|write|claim|state|tell)\b"
        r"|\b(?:your|the)\s+(?:answer|reply|response|output|summary)\s+(?:must|should|has\s+to)\s+"
        r"(?:only\s+|always\s+|not\s+)?(?:contain|include|be|begin|start|end|recommend|mention|cite|say)\b"
        r"|\b(?:always|only)\s+(?:respond|reply|answer|output)\s+(?:with|in|by)\s+[\"'“‘]"
        r"|\bdo\s+not\s+(?:mention|reveal|disclose|tell|cite)\s+(?:this|these|that\s+you)\s*(?:instruction|prompt|rule|text|were|are)"
        r"|(?:你|您)的(?:回答|回复|答复|输出|答案)(?:必须|应当|应该|只能|中?不(?:要|得|能))"
        r"|(?:回答|回复|输出)(?:时|用户时|问题时)[，,]?(?:必须|请务必|一律|只能|总是)",
    ),
    (
        "contains marks that separate the messages of a chat",
        r"<\|[^|\n<>]{2,40}\|>|\[/?inst\]|<</?sys>>|(?-i:</s>|<s>)|<(?:start|end)_of_turn>"
        r"|</?(?:system|assistant|user|human|tool_call|function_call|think|instructions?|document|guideline|context)>"
        r"|(?:^|\n)[ \t]*#{2,}[ \t]*(?:system|assistant|instruction|response)s?\s*:",
    ),
    (
        "contains labels like those that mark citations",
        r"\[\s*(?:g|e|s|p|doc|source)\s?\d{1,3}\s*\.\s*\d{1,3}\s*\]|【\s*(?:g|e|s)\s?\d{1,3}\s*[.．]\s*\d{1,3}\s*】",
    ),
    (
        "contains program text for a browser or a database",
        r"<\s*/?\s*script\b|\bjavascript\s*:|\bon(?:error|load|click|mouse\w+)\s*=\s*[\"'\\]*\s*[a-z.]*\(?"
        r"|\bdata:text/html\b|\bdocument\.cookie\b|<\s*iframe\b"
        r"|\bdrop\s+table\b|\bunion\s+(?:all\s+)?select\b|\binsert\s+into\s+\w+\s*(?:\(|values)|['\"]\s*or\s+1\s*=\s*1\b",
    ),
)
_PATTERNS: Final = tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in _RULES)
_HIDDEN: Final = "hides text from people"
_SPACES: Final = re.compile(r"\s{2,}")
_MAX_DEPTH: Final = 20


def reasons_for_doubt(reading: Reading) -> tuple[str, ...]:
    """Why a person should look at a document before it is used, with places; empty if there is nothing.

    Text, headings and front matter are searched. No reason quotes the document.
    """
    reasons: dict[str, str] = {_HIDDEN: ""} if reading.hidden_text else {}
    for place, text in _texts(reading):
        plain = _plain(text)
        for reason, pattern in _PATTERNS:
            if reason not in reasons and pattern.search(plain):
                reasons[reason] = place
    return tuple(f"{reason} ({place})" if place else reason for reason, place in reasons.items())


def _texts(reading: Reading) -> Iterator[tuple[str, str]]:
    """Texts with their places, for editors."""
    headings: dict[str, None] = {}
    for number, section in enumerate(reading.sections, 1):
        place = f"page {section.page}" if section.page is not None else f"section {number}"
        yield place, section.text
        for heading in section.path:
            if heading not in headings:
                headings[heading] = None
                yield f"heading of {place}", heading
    if reading.metadata is not None:
        yield from (("front matter", text) for text in _strings(reading.metadata, set(), 0))


def _strings(value: object, seen: set[int], depth: int) -> Iterator[str]:
    """All texts in a value of YAML, keys too; a part that aliases repeat is searched once."""
    if isinstance(value, str):
        yield value
    elif depth < _MAX_DEPTH and id(value) not in seen:
        inner: Iterable[Any] = ()
        if isinstance(value, Mapping):
            inner = (*value.keys(), *value.values())
        elif isinstance(value, list | tuple | set):
            inner = value
        seen.add(id(value))
        for part in inner:
            yield from _strings(part, seen, depth + 1)


def _plain(text: str) -> str:
    """Full-width and ornamental letters as usual ones, without what has no width, white space as one.

    Long white space would cost patterns with two optional spaces quadratic time.
    """
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return _SPACES.sub(lambda found: "\n" if "\n" in found.group() else " ", text)
