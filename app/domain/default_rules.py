"""The built-in ruleset: what providers commonly write into names. Conservative: no tag is better than a wrong one.

The order matters: what stands around a name (quality) goes before what stands in front of it (country), and a rule sees
what the ones before it left. Every pattern here is linear: it runs without a limit.
"""

from typing import Any, Final

from app.domain.kinds import Kind
from app.domain.patterns import PatternType
from app.domain.tagging import CAPTURE, Cleanup, Rule, Source

DEFAULT_RULESET: Final = "default"
CHANNELS: Final = (Kind.CHANNEL,)
TITLES: Final = (Kind.MOVIE, Kind.SERIES)

_LINE: Final = "#=*~_•●■◆★☆▬━─—–|+"
_SEPARATOR: Final = rf"\A\s*(?:([{_LINE}>▼])\s?\1|[-=#*]{{2}})(?=.*[{_LINE}<▼\-]\s?[{_LINE}<▼\-]\s?\Z)"
_BEFORE: Final = r"(?<![\w+.&'])"
_BEHIND: Final = r"(?![\w+&'])"

# A code in front is one when it is upper case and something marks its end: `US: …`, `US | …`, `US ★ …`, `US - …`,
# `|US| …`, `[US] …`. A hyphen without spaces is part of a name (`AR-15`).
_LEAD: Final = r"\A[\s|┃│▎:.\-–—★☆•●►▶◉✦✪]*"
_MARK: Final = r"(?:\s*[:|┃│▎❘¦★☆•●►▶◉✦✪»]|\s*-?\s+[-–—]+\s)"
_OPEN, _CLOSE = r"[\[(<]\s*", r"\s*[\])>]\s*[:|\-–—]?"

# Codes that are tags as they stand. Left out: those that are English words or abbreviations in names (`TV`, `AM`).
_CODES: Final = (
    "AE|AF|AL|AR|AT|AU|AZ|BA|BD|BE|BG|BR|CA|CH|CL|CN|CO|CR|CU|CY|CZ|DE|DK|DZ|EC|EE|EG|ES|ET|FI|FR|GE|GH|GR|GT|"
    "HK|HN|HR|HU|ID|IE|IL|IN|IQ|IR|IS|IT|JO|JP|KE|KR|KW|KZ|LB|LK|LT|LU|LV|LY|MA|MD|MK|MT|MX|MY|NG|NL|NO|NP|NZ|"
    "OM|PA|PE|PH|PK|PL|PT|PY|QA|RO|RS|RU|SA|SD|SE|SG|SI|SK|SN|SO|SV|SY|TH|TN|TR|TW|UA|UK|US|UY|UZ|VE|VN|XK|YE|ZA|"
    "EN|EX-YU|LATAM"
)
# Other spellings, and whole names of countries; these too only in upper case and marked.
_ALIASES: Final = {
    "US": "USA|AMERICA",
    "UK": "GB|GBR|ENGLAND|UNITED KINGDOM",
    "EN": "ENG|ENGLISH",
    "FR": "FRA|FRANCE|FRENCH",
    "DE": "GER|DEU|GERMANY|DEUTSCHLAND|GERMAN",
    "AT": "AUT|AUSTRIA",
    "CH": "SUI|CHE|SWITZERLAND",
    "NL": "NED|NLD|NETHERLANDS|HOLLAND|DUTCH",
    "BE": "BEL|BELGIUM",
    "ES": "ESP|SPAIN|SPANISH",
    "PT": "POR|PRT|PORTUGAL",
    "IT": "ITA|ITALY|ITALIA|ITALIAN",
    "PL": "POL|POLAND|POLSKA|POLISH",
    "TR": "TUR|TURKEY|TURKIYE|TÜRKİYE|TURKISH",
    "RO": "ROM|ROU|ROMANIA",
    "GR": "GRE|GRC|GREECE|GREEK",
    "AL": "ALB|ALBANIA|SHQIP",
    "SE": "SWE|SWEDEN",
    "NO": "NOR|NORWAY",
    "DK": "DEN|DNK|DENMARK",
    "FI": "FIN|FINLAND",
    "RU": "RUS|RUSSIA|RUSSIAN",
    "UA": "UKR|UKRAINE",
    "CA": "CAN|CANADA",
    "AU": "AUS|AUSTRALIA",
    "MX": "MEX|MEXICO",
    "BR": "BRA|BRAZIL|BRASIL",
    "IN": "IND|INDIA",
    "PK": "PAK|PAKISTAN",
    "AR": "ARA|ARAB|ARABIC",
    "EX-YU": "EXYU|EX YU|YU",
    "LATAM": "LATINO|LATIN",
}
_LANGUAGES: Final = (
    "English|French|German|Spanish|Italian|Portuguese|Arabic|Hindi|Tamil|Telugu|Malayalam|Kannada|Marathi|Punjabi|"
    "Bengali|Urdu|Turkish|Russian|Polish|Dutch|Greek|Swedish|Danish|Norwegian|Finnish|Korean|Japanese|Chinese|Persian"
)
_OWN_PLUS: Final = ("canal", "disney", "paramount", "movistar", "viaplay", "cine", "discovery", "rtl", "apple tv")

# In front of a name these are part of it (`4K Travel`, `HD 1`) unless something marks them as labels.
_LABELS: Final = r"(?:[48]K|F?HD|UHD|SD|HEVC|HDR|RAW|[HX]\.?26[45]|\d\dFPS|BACK-?UP|BKU?P|EAST|WEST)(?!\w)|\+\d"
_LABELLED: Final = rf"(?=\W*(?:\Z|{_LABELS})|\s*[:|┃│▎»★☆•●►/\[(]|\s*-?\s+[-–—]|-\w{{2,6}}\s*[-:|])"
_NOT_IN_FRONT: Final = r"(?<!\A)(?<![:|┃│▎»★☆•●►])(?<![:|┃│▎»★☆•●►\])]\s)(?<![-–—]\s)"
_OWN_4K: Final = "".join(rf"(?<!\b{name}\s)" for name in ("Rai", "TRT", "Eurosport"))  # channels are called so

# A direction is a feed of an American network, or of what is marked as American. `Fox Sports West`, `Omroep West` and
# `BBC One (West)` are regions, `MBC Middle East` is one of the world.
_NETWORKS: Final = (
    r"A&E|ABC|AMC|Animal Planet|BET|Boomerang|Bravo|Cartoon Network|CBC|CBS|\w*MAX|CMT|Comedy Central|CTV|CW|Discovery|"
    r"Disney|E!|Encore|Food Network|FOX|Freeform|FXX?|Galavision|Global|Hallmark|HBO|HGTV|History|IFC|ION|Lifetime|LMN|"
    r"MTV|NBC|Nat Geo|National Geographic|Nick|Nickelodeon|Nicktoons|OWN|Oxygen|Paramount|PBS|Showtime|Starz|Sundance|"
    r"Syfy|TBS|TCM|Telemundo|The Movie Channel|TLC|TNT|Treehouse|truTV|TV Land|Univision|USA|VH1|W Network|YTV"
)
_AMERICAN: Final = rf"(?=\W*(?:(?:USA?|CAN?)\s*[:|┃│▎»★☆•●►\])\-–]|(?:{_NETWORKS})(?![^\W\d])))"
_PLACES_BEFORE: Final = (
    *("Middle", "Near", "Far", "North", "South", "Mid", "Wild", "Key", "Old", "The", "Go", "and", "of", "Ski", "Asia"),
    *("Sport", "Sports", "Sportsnet", "News", "Radio"),
)
_REGIONAL: Final = r"BBC|ITV\d?|S4C|STV|UTV|[WNM]DR|RTV|Omroep|Sportsnet"
_NO_CODE: Final = r"(?!IT\W+(?i:Chapter|Welcome)|ID\W+(?i:Investigation|Discovery))"  # titles and names, no places


def _rule(name: str, pattern: str, tag: str, **more: Any) -> dict[str, Any]:
    return {"id": f"default-{name}", "pattern": pattern, "tag": tag, **more}


def _token(*words: str, strict: bool = False, unlike: str = "") -> str:
    """Any of these as a word of its own, with the brackets or the slash that only it stands in.

    `strict`: not in front of a name, unless something marks it as a label there; `unlike`: what must not be before it.
    """
    some = "|".join(words)
    bare = rf"(?:{_NOT_IN_FRONT}(?:{some})|(?:{some}){_LABELLED})" if strict else f"(?:{some})"
    boxed = rf"[\[(]\s*(?:{some})\s*[\])]|\|\s*(?:{some})\s*(?=\|)"  # one of two pipes may mark what stands before it
    return rf"{_BEFORE}(?:{boxed}|{unlike}{bare}){_BEHIND}(?:\s*/(?=\s*\w))?"


def _quality() -> list[dict[str, Any]]:
    gone: dict[str, Any] = {"cleanup": Cleanup.REMOVE}
    k4 = ("4K", "UHD", r"ULTRA\s?HD", "2160p", "3840p")
    return [
        _rule("8k", _token("8K", "4320p", strict=True), "8K", **gone),
        _rule("4k", _token(*k4, strict=True, unlike=_OWN_4K), "4K", **gone),
        _rule("8k-in-name", rf"{_BEFORE}8K{_BEHIND}", "8K"),
        _rule("4k-in-name", rf"{_BEFORE}(?:4K|UHD){_BEHIND}", "4K"),
        _rule("fhd", _token("FHD", r"FULL\s?HD", "1080[pi]"), "FHD", **gone),
        _rule("hdr", _token(r"HDR(?:10)?\+?", r"DOLBY\s?VISION"), "HDR", **gone),
        _rule("hevc", _token("HEVC", r"[HX]\.?265"), "HEVC", **gone),
        _rule("h264", _token(r"[HX]\.?264"), "H264", **gone),
        _rule("fps", _token(r"50\s?FPS", r"60\s?FPS", "FPS50", "FPS60"), "60FPS", kinds=CHANNELS, **gone),
        _rule("hd", _token(r"HD(?:\s?720p)?", "720p", strict=True), "HD", **gone),
        _rule("sd", _token("SD", "576[pi]", "480[pi]", strict=True), "SD", kinds=CHANNELS, **gone),
        _rule("hq", _token(r"(?<!Sports\s)HQ", strict=True), "HQ", kinds=CHANNELS, case_sensitive=True, **gone),
        _rule("lq", _token("LQ", strict=True), "LQ", kinds=CHANNELS, case_sensitive=True, **gone),
        _rule("raw", r"(?<!WWE)(?<!Night)(?<=[\w+)])\s+[\[(]?RAW[\])]?\Z", "RAW", kinds=CHANNELS, **gone),
        _rule("3d", r"[\[(]3D[\])]", "3D", **gone),
        _rule("3d-channel", r"(?<=\w)\s+3D\Z", "3D", kinds=CHANNELS),  # `Sky 3D` is no other picture of `Sky`
        _rule("3d-title", r"(?<=\w)\s+3D\Z", "3D", kinds=TITLES, **gone),
        _rule("cam", r"[\[(](?:HD)?(?:CAM|TS|TELESYNC)(?:-?RIP)?[\])]", "CAM", kinds=TITLES, **gone),
    ]


def _kind_of_channel() -> list[dict[str, Any]]:
    gone: dict[str, Any] = {"cleanup": Cleanup.REMOVE, "kinds": CHANNELS}
    return [
        _rule("ppv", rf"{_BEFORE}PPV(?![^\W\d])", "PPV", kinds=CHANNELS, source=Source.BOTH),
        _rule("event", r"\A\W*(?:LIVE\s+)?EVENTS?\s*#?\d+|\bNO EVENTS?\b", "EVENT", kinds=CHANNELS),
        _rule("24-7", r"(?<![\w/])[\[(|]?\s*24\s?[/\\]\s?7\s*[\])|]?(?![\w/])", "24/7", **gone),
    ]


def _backup() -> list[dict[str, Any]]:
    gone: dict[str, Any] = {"cleanup": Cleanup.REMOVE, "kinds": CHANNELS}
    words = r"(?:BACK-?\s?UP|BKU?P)(?:\s?\d)?"
    return [
        _rule("backup", rf"[\[(|]\s*{words}\s*[\])|]|\A{words}\s*[:|]|(?<=[\w+)])\s+{words}\Z", "BACKUP", **gone),
        _rule("alternative", r"[\[(](?:ALT|BK)\s?\d?[\])]", "BACKUP", **gone),
    ]


def _place() -> list[dict[str, Any]]:
    gone: dict[str, Any] = {"cleanup": Cleanup.REMOVE}
    named = [
        _rule(
            f"alias-{tag.lower()}",
            rf"{_LEAD}(?:{_OPEN})?(?:{names})(?:{_CLOSE}|{_MARK})",
            tag,
            case_sensitive=True,
            **gone,
        )
        for tag, names in _ALIASES.items()
    ]
    return [
        _rule(
            "country",
            rf"{_LEAD}(?:{_OPEN})?{_NO_CODE}({_CODES})(?:{_CLOSE}|{_MARK})",
            CAPTURE,
            case_sensitive=True,
            **gone,
        ),
        *named,
        _rule(
            "country-behind",
            rf"(?<!\A)\s*[\[(]({_CODES})[\])]\s*\Z",
            CAPTURE,
            case_sensitive=True,
            kinds=CHANNELS,
            **gone,
        ),
        _rule("country-of-title", rf"(?<=\w)\s+\(({_CODES})\)", CAPTURE, case_sensitive=True, kinds=TITLES),
    ]


def _language() -> list[dict[str, Any]]:
    gone: dict[str, Any] = {"cleanup": Cleanup.REMOVE}
    marked = rf"{_LEAD}(?:{{0}}){_MARK}"
    multi = r"MULTI(?:[-\s]?(?:LANG(?:UAGE)?|AUDIO|SUBS?))?"
    return [
        _rule("multi", rf"[\[(|]\s*{multi}\s*[\])|]|{marked.format(multi)}|(?<=\w)\s+MULTI\Z", "MULTI", **gone),
        _rule("vostfr", _token("VOSTFR"), "VOSTFR", **gone),
        _rule("vf", r"[\[(|]\s*(?:VF[FQI2]?|TRUEFRENCH)\s*[\])|]", "VF", **gone),
        _rule("subtitled", r"[\[(]\s*(?:\w+[\s-])?SUB(?:S|BED|TITLED)?\s*[\])]", "SUB", **gone),
        _rule("dubbed", r"[\[(]\s*(?:\w+[\s-])?DUB(?:BED)?\s*[\])]", "DUB", **gone),
        _rule("language", rf"[\[(]\s*({_LANGUAGES})\s*[\])]", CAPTURE, **gone),
    ]


def _feed() -> list[dict[str, Any]]:
    """Before the country in front of a name is cut: it tells whether a direction is a feed."""
    swap: dict[str, Any] = {"cleanup": Cleanup.REPLACE, "kinds": CHANNELS}
    no_place = "".join(rf"(?<!\b{word})" for word in _PLACES_BEFORE)
    words = r"{0}(?:\s?COAST|ERN)?(?:\s?(?:TIME|FEED))?\s*"
    no_region = rf"\A(?!.*(?<!\w)(?:{_REGIONAL})(?!\w))"
    boxed = rf"{no_region}(.*?)(?:[\[(]\s*{words}[\])]|\|\s*{words}(?=\|))(.*)"
    behind = rf"\A{_AMERICAN}(.*[\w)!+]){no_place}\s+{{0}}(?:\s+(?:COAST|FEED))?((?:\s*[\[(].*)?)\Z"
    own = "".join(f"(?<!{name})" for name in _OWN_PLUS)
    hours = r"(?:[1-9]|1[01]|24)"  # `+12`, `+16` and `+18` are ages
    behind_space = r"(?<=\s)(?<!\bcanal\s)(?<!\bmovistar\s)"
    shift = rf"(?:{behind_space}|(?<=\s\()|(?<=\s\[)|(?<=[^\W_]){own}(?=\+[12](?!\d)))(\+{hours})\s?h?(?![\w.])"
    coasts, bracketed = ("EAST", "WEST"), ("EAST", "WEST", "PACIFIC", "MOUNTAIN", "CENTRAL", "ATLANTIC")
    return [
        *(_rule(tag.lower(), boxed.format(tag), tag, replacement=r"\1 \2", **swap) for tag in bracketed),
        *(_rule(f"{tag.lower()}-behind", behind.format(tag), tag, replacement=r"\1\2", **swap) for tag in coasts),
        _rule("plus", shift, CAPTURE, kinds=CHANNELS),
        _rule("time-shift", rf"{shift}|[\[(]?\bTIME-?\s?SHIFT\b[\])]?", "TIMESHIFT", kinds=CHANNELS),
    ]


def _all() -> tuple[Rule, ...]:
    # A line between others is no channel: nothing that it says is a tag of one.
    separator = _rule("separator", _SEPARATOR, "SEPARATOR", kinds=CHANNELS, stop=True)
    rules = (separator, *_kind_of_channel(), *_quality(), *_backup(), *_language(), *_feed(), *_place())
    return tuple(
        Rule(priority=place * 10, pattern_type=PatternType.REGEX, trusted=True, **rule)
        for place, rule in enumerate(rules, 1)
    )


DEFAULT_RULES: Final = _all()
