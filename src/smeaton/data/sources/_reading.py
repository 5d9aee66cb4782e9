"""Which encoding bytes beyond ASCII are in, told from how they read: letters in words, of one script, in one case.

An encoding is judged by the mean over its characters of small marks: a common letter next to letters is good, a capital
inside a word, a symbol inside a word or an unassigned place is bad. Encodings that give the same text are one.
"""

import re
import unicodedata
from dataclasses import dataclass

#: In order of how common they are in tables; the first wins a draw. With what people call them.
ENCODINGS = {
    "cp1252": "Western European",
    "cp1250": "Central European",
    "cp1251": "Cyrillic",
    "iso8859-2": "Central European",
    "iso8859-15": "Western European",
    "cp932": "Japanese",
    "gb18030": "Chinese",
    "euc_kr": "Korean",
    "cp949": "Korean",
    "big5": "Chinese, traditional",
    "euc_jp": "Japanese",
    "cp1253": "Greek",
    "cp1254": "Turkish",
    "cp1257": "Baltic",
    "cp1255": "Hebrew",
    "cp1256": "Arabic",
    "koi8-r": "Cyrillic",
    "cp866": "Cyrillic, DOS",
    "mac_roman": "Western European, old Macintosh",
    "cp850": "Western European, DOS",
}
#: Common letters of Latin scripts beyond ASCII, and what one counts; any other counts `_RARE`.
_COMMON = (
    (frozenset("éèêëàâäáãåçñöôóõòøüùûúíìîïæœßÉÈÀÇÄÖÜÅØÑÁÓÍÚÆŒËÏğışİĞŞ"), 1.0),
    (frozenset("ąćęłńśźżĄĆĘŁŃŚŹŻěščřžýůťďňĚŠČŘŽÝŮŤĎŇőűŐŰăĂșțȘȚđĐ"), 0.95),
    (frozenset("ėįųūāēģīķļņĀĒĢĪĶĻŅ"), 0.75),
    (frozenset("ðþÐÞÿÊÂÎÔÃÕ"), 0.6),
)
_RARE = 0.2
#: Of other scripts: letters that make up most of a text.
_FREQUENT = {
    "cyrillic": frozenset("оеаинтсрвлкмдпуяыОЕАИНТСРВЛКМДПУЯЫіїєґў"),
    "greek": frozenset("αοιετσνηρπκμλςυάόίέήΑΟΙΕΤΣΝΗΡΠΚΜΛ"),
    "hangul": frozenset(
        "이다는을의에가고하지한기사시서인대로나어자리아도정수있그일보부전은것스제장원들과상라해공주여구국세용만유동성경오를조"
        "화신우진관선영비생김문안중명소미무연개위호회방현박최울산광철희름"
    ),
    "han": frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
        "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工"
        "使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西月话合回特代内信表化"
        "老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报结反受目"
        "太量再感建务做接必场件计管期市直资命山金指统区保至队形社便空决治展马科司五基书非则听白界达光放强难且权思王完设式色路记"
        "南品住告类求据程北边张该交规万取望术领共确传师观清今切院让识带导争运姓城京李刘陈杨黄赵周吴州县省店车"
        "這個們來為國時會說對於過發後裡種經學現當沒動還進樣開從實軍無與長機關點業將兩間問應戰頭體見產話給門義兒東聲員論處幾條氣"
        "題變總電數報結務場計單資許統區隊決馬書則聽達強難權據設記類張該規萬邊劉陳楊黃趙吳臺縣偉車"
        "田中東京都府県市区町村本山川口木林森藤井高橋渡辺伊佐鈴小野松村井上様会社株式営業部課長円年月日時分店名前"
    ),
}
_SIGNS = frozenset("€£°§“”„‘’–—…«»©®™·•½¼¾²³µ¿¡±×÷\u00a0、。「」・，：（）")
_MARGIN = 0.12
_LEAST = 0.2
_WORD = re.compile(r"\w*[^\x00-\x7f]\w*")


@dataclass(frozen=True, slots=True)
class Found:
    """The encoding; what it is; another that fits nearly as well ("" if none), with a word read both ways."""

    codec: str
    about: str
    rival: str = ""
    example: str = ""


def best(sample: bytes) -> Found | None:
    """The encoding in which lines beyond ASCII read best; None if they read as nothing."""
    judged: list[tuple[float, str, str]] = []
    for codec, about in ENCODINGS.items():
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError as error:
            if error.end < len(sample) or codec.startswith("cp12"):
                continue
            text = sample[: error.start].decode(codec)  # cut inside a character
        if all(text != other for _, _, other in judged):
            judged.append((_score(text, about), codec, text))
    judged.sort(key=lambda one: -one[0])
    if not judged or judged[0][0] < _LEAST:
        return None
    (score, codec, text), rivals = judged[0], judged[1:2]
    if rivals and score - rivals[0][0] < _MARGIN:
        return Found(codec, ENCODINGS[codec], rivals[0][1], _both(text, rivals[0][2]))
    return Found(codec, ENCODINGS[codec])


def _both(text: str, other: str) -> str:
    """A word that the two read differently."""
    for one, two in zip(_WORD.findall(text), _WORD.findall(other), strict=False):
        if one != two:
            return f"{one!r} against {two!r}"
    return "the same words, other signs"


def _score(text: str, about: str) -> float:
    padded = f" {text} "
    language = about.split(",", maxsplit=1)[0]
    marks = [
        _mark(padded[place - 1], letter, padded[place + 1], language)
        for place, letter in enumerate(padded)
        if not letter.isascii()
    ]
    return sum(marks) / len(marks) if marks else 0.0


def _mark(before: str, letter: str, after: str, language: str) -> float:
    if letter in _SIGNS:
        inside = before.isalpha() and after.isalpha()
        return -0.5 if inside and letter not in "’·" else 0.6
    kind = unicodedata.category(letter)
    if kind[0] == "C":
        return -4.0
    if kind[0] != "L":
        return -1.0 if kind[0] in "SPN" else 0.3
    if kind == "Lu" and before.islower():
        return -1.5
    script = _script(letter)
    if script == "latin":
        return _latin(before, letter, after)
    if script in ("cyrillic", "greek", "hebrew", "arabic"):
        frequent = letter in _FREQUENT.get(script, letter)
        return (1.0 if frequent else 0.6) if script in (_script(before), _script(after)) else -0.8
    if script == "kana":
        return 1.05 if language == "Japanese" else -0.4
    if script in ("han", "hangul"):
        at_home = (script == "hangul") == (language == "Korean")
        return (1.2 if letter in _FREQUENT[script] else 0.6) if at_home else 0.0
    return -0.4  # half-width letters, jamo and rare scripts


def _latin(before: str, letter: str, after: str) -> float:
    """A letter beyond ASCII stands among letters of its script, and mostly among plain ones."""
    near = [other for other in (before, after) if other.isalpha()]
    if any(_script(other) != "latin" for other in near):
        return -1.0
    others = sum(not other.isascii() for other in near)
    return next((value for letters, value in _COMMON if letter in letters), _RARE) - (0.0, 0.2, 0.8)[others]


def _script(letter: str) -> str:
    """The script a letter is of; "" for what is no letter."""
    if not letter.isalpha():
        return ""
    if letter < "\u0250":
        return "latin"
    point = ord(letter)
    for first, last, name in (
        (0x370, 0x3FF, "greek"), (0x400, 0x52F, "cyrillic"), (0x590, 0x5FF, "hebrew"), (0x600, 0x6FF, "arabic"),
        (0x3040, 0x30FF, "kana"), (0x3400, 0x9FFF, "han"), (0xAC00, 0xD7A3, "hangul"),
    ):  # fmt: skip
        if first <= point <= last:
            return name
    return "other"
