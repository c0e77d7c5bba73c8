"""Words in names that say how a channel is sent and where it is from, not which channel it is. All folded."""

import re
from collections.abc import Iterable
from typing import Final

RESOLUTIONS: Final = {
    **dict.fromkeys(("8k", "4320p"), 0),
    **dict.fromkeys(("4k", "uhd", "2160p", "ultrahd"), 1),
    **dict.fromkeys(("fhd", "fullhd", "1080p", "1080i", "1080"), 2),
    **dict.fromkeys(("hd", "720p", "720"), 3),
    **dict.fromkeys(("sd", "576p", "480p", "lq", "low"), 5),
}
UNKNOWN_RESOLUTION: Final = 4  # a bare name is usually the small picture, but it need not be
CODECS: Final = {
    **dict.fromkeys(("raw", "source"), 0),
    **dict.fromkeys(("hevc", "h265", "x265", "hdr", "hdr10", "60fps", "50fps", "dv"), 1),
    **dict.fromkeys(("h264", "x264", "avc", "hq"), 2),
}
PLAIN_CODEC: Final = 2
BACKUPS: Final = frozenset({"backup", "bkp", "bckp", "spare"})
PICTURE: Final = frozenset({*RESOLUTIONS, *CODECS, *BACKUPS})
# Inside a name only these say nothing else: `UHD` and `4K` are names of channels too (`Travel 4K`, `Sky Sport UHD 1`).
LOOSE: Final = frozenset({"hd", "fhd", "sd", "hevc", "h265"})
TITLE_NOTES: Final = frozenset(
    {
        *("multi", "multisub", "sub", "subs", "subbed", "dub", "dubbed", "dual", "vost", "vostfr", "vf", "vff", "vo"),
        *("audio", "bluray", "bdrip", "webrip", "web", "dl", "cam", "ts", "hdts", "hdcam", "imax"),
    }
)
_ISO: Final = (
    "ad ae af ag al am ao ar at au az ba bb bd be bf bg bh bi bj bn bo br bs bt bw by bz ca cd cf cg ch ci cl cm cn co "
    "cr cu cv cw cy cz de dj dk dm do dz ec ee eg er es et fi fj fr ga gb gd ge gh gm gn gq gr gt gw gy hk hn hr ht hu "
    "id ie il in iq ir is it jm jo jp ke kg kh kr kw kz lb li lk lr ls lt lu lv ly ma mc md me mg mk ml mm mn mo mr mt "
    "mu mv mw mx my mz na ne ng ni nl no np nz om pa pe pg ph pk pl pr ps pt py qa ro rs ru rw sa sb sc se sg si sk sl "
    "sm sn so sr ss st sv sy sz td tg th tj tl tm tn tr tt tw tz ua ug uk us uy uz va ve vn xk ye za zm zw"
)
_ALIASES: Final = {
    "usa": "us", "gb": "uk", "gbr": "uk", "eng": "uk", "can": "ca", "ger": "de", "deu": "de", "fra": "fr",
    "ita": "it", "esp": "es", "spa": "es", "por": "pt", "nld": "nl", "ned": "nl", "tur": "tr", "pol": "pl",
    "rom": "ro", "rou": "ro", "bul": "bg", "alb": "al", "swe": "se", "nor": "no", "den": "dk", "dnk": "dk",
    "fin": "fi", "aus": "au", "bra": "br", "mex": "mx", "arg": "ar", "rus": "ru", "ukr": "ua", "ind": "in",
    "pak": "pk", "irl": "ie", "sui": "ch", "che": "ch", "ex-yu": "exyu", "ex yu": "exyu", "yu": "exyu", "aut": "at",
    "gre": "gr", "hun": "hu", "cze": "cz", "srb": "rs", "cro": "hr", "hrv": "hr", "svn": "si", "america": "us",
    "england": "uk", "france": "fr", "germany": "de", "deutschland": "de", "italy": "it", "italia": "it",
    "spain": "es", "espana": "es", "portugal": "pt", "netherlands": "nl", "belgium": "be", "austria": "at",
    "switzerland": "ch", "poland": "pl", "polska": "pl", "turkey": "tr", "turkiye": "tr", "romania": "ro",
    "greece": "gr", "albania": "al", "sweden": "se", "norway": "no", "denmark": "dk", "finland": "fi",
    "russia": "ru", "ukraine": "ua", "canada": "ca", "australia": "au", "mexico": "mx", "brazil": "br",
    "brasil": "br", "india": "in", "pakistan": "pk", "arabic": "ara", "english": "en",
}  # fmt: skip
_REGIONS: Final = ("en", "exyu", "lat", "latam", "latino", "arab", "ara", "afr", "asia", "kurd", "kur")
PLACES: Final = {**{code: code for code in (*_ISO.split(), *_REGIONS)}, **_ALIASES}
COUNTRIES: Final = frozenset(_ISO.split())
WORD: Final = re.compile(r"[a-z0-9]+\+*")
_SUFFIX: Final = re.compile(r"\.([a-z]{2})(?:@\w+)?$")


def words_of(folded: str) -> list[str]:
    """The words of a folded text; a plus that a word ends with belongs to it (`canal+`)."""
    if "l hd" in folded or "a hd" in folded:
        folded = folded.replace("full hd", "fhd").replace("ultra hd", "uhd")
    if "0 fps" in folded:
        folded = folded.replace("0 fps", "0fps")
    return WORD.findall(folded.replace("&", " and ").replace("h.26", "h26").replace("'", ""))


def place_among(tags: Iterable[str]) -> str | None:
    """The country that tags name, else their region or language; tags of two letters that are words are none."""
    found = [PLACES[low] for tag in tags if (low := tag.lower()) in PLACES]
    return next((one for one in found if one in COUNTRIES), found[0] if found else None)


def place_of_guide(epg_id: str | None) -> str | None:
    """The country at the end of an EPG id of the usual form, `ESPN.us`."""
    found = _SUFFIX.search(epg_id.lower()) if epg_id else None
    code = PLACES.get(found[1]) if found else None
    return code if code in COUNTRIES else None
