"""What the built-in rules make of names as providers write them: the table is the law, a line more is a test more."""

import pytest

from app.domain.default_rules import DEFAULT_RULES
from app.domain.kinds import Kind
from app.domain.patterns import Matcher
from app.domain.tagging import Tagger

TAGGERS = {kind: Tagger([one for one in DEFAULT_RULES if not one.kinds or kind in one.kinds]) for kind in Kind}
C, M, S = Kind.CHANNEL, Kind.MOVIE, Kind.SERIES

OWN_NAMES = (
    *("24 Kitchen", "24Kitchen", "HD1", "UHD1", "Sky Sports F1", "UK TV Gold", "US Weekly", "W9", "13TH Street"),
    *("BBC One North West", "BBC One West", "ITV West", "Omroep West", "TV West", "Fox Sports West", "Sportsnet East"),
    *("Bally Sports West", "Nat Geo Wild", "4Music", "TV5 Monde", "CNN International", "A&E", "E! Entertainment"),
    *("Canal+", "Canal+ Sport 360", "Movistar Plus+ 2", "Sport TV+", "3+", "DAZN 1 Bar", "5 USA", "5STAR", "5Action"),
    *("3sat", "6ter", "8TV", "4seven", "E4 Extra", "More4", "S4C", "C8", "M6", "i24 News", "France 24", "24h"),
    *("ProSieben MAXX", "n-tv", "N24 Doku", "RTL Plus", "SAT.1 Gold", "Sky TG24", "27 Twentyseven", "20 Mediaset"),
    *("TVP 1", "13 Ulica", "TV4", "TV 2 Sport X", "Kanal 5", "NRK1", "Yle TV1", "RTÉ One", "TG4", "9Go!", "10 Bold"),
    *("&TV", "&pictures", "9XM", "NDTV 24x7", "CNBC TV18", "DD India", "India TV", "ON E", "OSN Yahala", "DMC"),
    *("USA Network", "FXX", "AXS TV", "MSG 2", "C-SPAN 2", "CBS Sports HQ", "Court TV", "Big Ten Network"),
    *("NFL RedZone", "Mountain West Network", "US Open Tennis", "Las Estrellas", "A&E Mundo", "Adult Swim"),
    *("Sky Cinema Sci-Fi & Horror", "Multiroom TV", "Event TV", "PPVision", "Raw Travel", "Backup Singers TV"),
    *("Middle East Broadcasting", "West Coast TV", "East Side TV", "Key West", "Go West", "Al Jazeera", "GB News"),
)

# kind, name, tags, cleaned name
GOLDEN = [
    (C, "US: ESPN ᴴᴰ [EAST]", "EAST HD US", "ESPN"),
    (C, "|FR| TF1 FHD", "FHD FR", "TF1"),
    (C, "UK - BBC One +1", "+1 TIMESHIFT UK", "BBC One +1"),
    (C, "DE ★ Sky Cinema UHD/4K", "4K DE", "Sky Cinema"),
    (C, "4K-NL - RTL 4", "4K NL", "RTL 4"),
    (C, "NL-4K - SBS 6", "4K NL", "SBS 6"),
    (C, "US| HBO 2 WEST 4K", "4K US WEST", "HBO 2"),
    (C, "UK| Sky Sports Main Event UHD", "4K UK", "Sky Sports Main Event"),
    (C, "UK: Sky Sports F1 ᵁᴴᴰ ³⁸⁴⁰ᴾ", "4K UK", "Sky Sports F1"),
    (C, "US: ESPN ᴿᴬᵂ ⁶⁰ᶠᵖˢ", "60FPS RAW US", "ESPN"),
    (C, "FR| CANAL+ ʀᴀᴡ", "FR RAW", "CANAL+"),
    (C, "🇫🇷 TF1 HD", "FR HD", "TF1"),
    (C, "ＵＫ： ＢＢＣ Ｔｗｏ", "UK", "BBC Two"),
    (C, "[DE] RTL (HEVC)", "DE HEVC", "RTL"),
    (C, "(IT) Rai 1 FHD H265", "FHD HEVC IT", "Rai 1"),
    (C, "┃TR┃ TRT 1 ᴴᴰ", "HD TR", "TRT 1"),
    (C, "PT: SIC 1080p", "FHD PT", "SIC"),
    (C, "ES| LA 1 HD [ES]", "ES HD", "LA 1"),
    (C, "AL | SuperSport 1 ᴴᴰ", "AL HD", "SuperSport 1"),
    (C, "EX-YU: HRT 1", "EX-YU", "HRT 1"),
    (C, "EXYU | RTS 1 HD", "EX-YU HD", "RTS 1"),
    (C, "USA: CNN", "US", "CNN"),
    (C, "GERMANY: ZDF", "DE", "ZDF"),
    (C, "LATINO | TNT Novelas", "LATAM", "TNT Novelas"),
    (C, "US:", "US", "US"),
    (C, "CNN (US)", "US", "CNN"),
    (C, "Eurosport 1 [PL]", "PL", "Eurosport 1"),
    (C, "BE: Eén HD", "BE HD", "Eén"),
    (C, "DE: Sat.1 HD", "DE HD", "Sat.1"),
    (C, "UK: 5 HD", "HD UK", "5"),
    (C, "US: CW (EAST) HD", "EAST HD US", "CW"),
    (C, "HBO East", "EAST", "HBO"),
    (C, "HBO West HD", "HD WEST", "HBO"),
    (C, "US: Comedy Central [PACIFIC]", "PACIFIC US", "Comedy Central"),
    (C, "E4+1", "+1 TIMESHIFT", "E4+1"),
    (C, "Film4+1 HD", "+1 HD TIMESHIFT", "Film4+1"),
    (C, "ITV1 +1 FHD", "+1 FHD TIMESHIFT", "ITV1 +1"),
    (C, "IT: SKY UNO +24 HD", "+24 HD IT TIMESHIFT", "SKY UNO +24"),
    (C, "UK: Dave ja vu (+1)", "+1 TIMESHIFT UK", "Dave ja vu (+1)"),
    (C, "UK: BBC Two HD (TIMESHIFT)", "HD TIMESHIFT UK", "BBC Two (TIMESHIFT)"),
    (C, "US: FOX 5 (BACKUP)", "BACKUP US", "FOX 5"),
    (C, "SE: TV4 HD (BKUP)", "BACKUP HD SE", "TV4"),
    (C, "CA: TSN 1 [BK]", "BACKUP CA", "TSN 1"),
    (C, "DE: Sky Sport Bundesliga 1 HD (Backup 2)", "BACKUP DE HD", "Sky Sport Bundesliga 1"),
    (C, "PPV 12: Foo vs Bar", "PPV", "PPV 12: Foo vs Bar"),
    (C, "UFC PPV | Fight Night", "PPV", "UFC PPV | Fight Night"),
    (C, "LIVE EVENT 05", "EVENT", "LIVE EVENT 05"),
    (C, "NO EVENT STREAMING NOW", "EVENT", "NO EVENT STREAMING NOW"),
    (C, "24/7: Friends", "24/7", "Friends"),
    (C, "MULTI | Eurosport 1", "MULTI", "Eurosport 1"),
    (C, "##### SPORTS #####", "SEPARATOR", "SPORTS"),
    (C, "##### US | HD SPORTS #####", "SEPARATOR", "US | HD SPORTS"),
    (C, "★★★ UK SPORTS ★★★", "SEPARATOR", "UK SPORTS"),
    (C, "-----FRANCE HD-----", "SEPARATOR", "FRANCE HD"),
    (C, "▬▬▬ DE ▬▬▬", "SEPARATOR", "DE"),
    (C, "4K", "4K", "4K"),
    (C, "DE: HD", "HD", "DE"),
    # No tag is better than a wrong one.
    (C, "US", "", "US"),
    (C, "USA Network", "", "USA Network"),
    (C, "US: USA Network", "US", "USA Network"),
    (C, "IN-Sync", "", "IN-Sync"),
    (C, "AR-15 TV", "", "AR-15 TV"),
    (C, "Germany: a history", "", "Germany: a history"),
    (C, "it: no code", "", "it: no code"),
    (C, "Sky Sports Main Event", "", "Sky Sports Main Event"),
    (C, "MBC Middle East", "", "MBC Middle East"),
    (C, "BBC One North West", "", "BBC One North West"),
    (C, "Wild West", "", "Wild West"),
    (C, "East", "", "East"),
    (C, "Comedy Central", "", "Comedy Central"),
    (C, "Canal+ 1", "", "Canal+ 1"),
    (C, "Canal+1", "", "Canal+1"),
    (C, "Disney+ 1", "", "Disney+ 1"),
    (C, "ESPN+ 32", "", "ESPN+ 32"),
    (C, "HD+ Teleshop", "", "HD+ Teleshop"),
    (C, "WWE RAW", "", "WWE RAW"),
    (C, "The Backup Channel", "", "The Backup Channel"),
    (C, "PL: TVN 24 HD", "HD PL", "TVN 24"),
    (C, "Al Jazeera Documentary", "", "Al Jazeera Documentary"),
    (C, "Hdmusic", "", "Hdmusic"),
    (C, "SDTV", "", "SDTV"),
    (C, "NASA TV (Public)", "", "NASA TV (Public)"),
    (C, "IPL 2024", "", "IPL 2024"),
    # Names of well-known channels, as they are.
    *((C, name, "", name) for name in OWN_NAMES),
    (C, "4K Travel", "4K", "4K Travel"),
    (C, "US: 4K Travel", "4K US", "4K Travel"),
    (C, "UHD 1", "4K", "UHD 1"),
    (C, "DE: UHD 1", "4K DE", "UHD 1"),
    (C, "8K Earth", "8K", "8K Earth"),
    (C, "HD Suisse", "", "HD Suisse"),
    (C, "Rai 4K", "4K", "Rai 4K"),
    (C, "IT: Rai 4K", "4K IT", "Rai 4K"),
    (C, "IT: Rai 1 4K", "4K IT", "Rai 1"),
    (C, "TR | TRT 4K", "4K TR", "TRT 4K"),
    (C, "Sky 3D", "3D", "Sky 3D"),
    (C, "FOX West", "WEST", "FOX"),
    (C, "US: FOX West HD", "HD US WEST", "FOX"),
    (C, "Nat Geo Wild East", "", "Nat Geo Wild East"),
    (C, "Disney Channel West", "WEST", "Disney Channel"),
    (C, "US| Starz Encore West FHD", "FHD US WEST", "Starz Encore"),
    (C, "US: Some Network East", "EAST US", "Some Network"),
    (C, "UK: Some Network East", "UK", "Some Network East"),
    (C, "CA: Sportsnet West HD", "CA HD", "Sportsnet West"),
    (C, "US: Fox Sports West", "US", "Fox Sports West"),
    (C, "US: Bally Sports West FHD", "FHD US", "Bally Sports West"),
    (C, "UK: BBC One (West)", "UK", "BBC One (West)"),
    (C, "UK: BBC One North West HD", "HD UK", "BBC One North West"),
    (C, "NL: Omroep West HD", "HD NL", "Omroep West"),
    (C, "UK: ITV1 +1 HD", "+1 HD TIMESHIFT UK", "ITV1 +1"),
    (C, "Discovery +1", "+1 TIMESHIFT", "Discovery +1"),
    (C, "FR: Canal+ 4K", "4K FR", "Canal+"),
    (C, "UK: Sky Sports F1 HD", "HD UK", "Sky Sports F1"),
    (C, "US: A&E HD", "HD US", "A&E"),
    (C, "US: E! Entertainment (EAST)", "EAST US", "E! Entertainment"),
    (C, "US: CBS Sports HQ", "US", "CBS Sports HQ"),
    (C, "XXX +18", "", "XXX +18"),
    (C, "US | HD | ESPN", "HD US", "ESPN"),
    (C, "US |EAST| CNN", "EAST US", "CNN"),
    (C, "DE: Sky Sport HD 1", "DE HD", "Sky Sport 1"),
    (C, "DE: Sky Sport UHD 1", "4K DE", "Sky Sport 1"),
    (C, "HD: ESPN", "HD", "ESPN"),
    (C, "4K UHD | ESPN", "4K", "ESPN"),
    (C, "US: ID: Crime Files", "US", "ID: Crime Files"),
    (C, "ID: Investigation Discovery", "", "ID: Investigation Discovery"),
    (M, "IT: Chapter Two (2019)", "", "IT: Chapter Two (2019)"),
    (S, "IT: Welcome to Derry", "", "IT: Welcome to Derry"),
    (M, "EN - Title (2019)", "EN", "Title (2019)"),
    (M, "|MULTI| Avatar (2022)", "MULTI", "Avatar (2022)"),
    (M, "4K-EN - Dune (2021)", "4K EN", "Dune (2021)"),
    (M, "FR - Le Roi Lion (VF)", "FR VF", "Le Roi Lion"),
    (M, "UHD - Avatar", "4K", "Avatar"),
    (M, "IT - Il Postino (1994)", "IT", "Il Postino (1994)"),
    (M, "RRR (Hindi) (2022)", "HINDI", "RRR (2022)"),
    (M, "Parasite [KOREAN]", "KOREAN", "Parasite"),
    (M, "Amélie VOSTFR", "VOSTFR", "Amélie"),
    (M, "Titanic 3D", "3D", "Titanic"),
    (M, "Spider-Man (CAM)", "CAM", "Spider-Man"),
    (M, "DE: Dark Waters 1080p x265", "DE FHD HEVC", "Dark Waters"),
    (M, "Us (2019)", "", "Us (2019)"),
    (M, "It (2017)", "", "It (2017)"),
    (M, "Up (2009)", "", "Up (2009)"),
    (M, "Kanye West", "", "Kanye West"),
    (M, "The Backup Plan", "", "The Backup Plan"),
    (M, "Multi-Facial", "", "Multi-Facial"),
    (M, "xXx (2002)", "", "xXx (2002)"),
    (S, "The Office (US)", "US", "The Office (US)"),
    (S, "US - Reacher S01", "US", "Reacher S01"),
    (S, "Naruto [ENG SUB]", "SUB", "Naruto"),
    (S, "Naruto (Dubbed)", "DUB", "Naruto"),
    (S, "[DE] Dark", "DE", "Dark"),
]


@pytest.mark.parametrize(("kind", "name", "tags", "cleaned"), GOLDEN, ids=[f"{row[0]}:{row[1]}" for row in GOLDEN])
def test_names_as_providers_write_them(kind: Kind, name: str, tags: str, cleaned: str) -> None:
    assert TAGGERS[kind].apply(name) == (tuple(tags.split()), cleaned)


def test_a_category_for_pay_per_view_says_it_of_its_channels() -> None:
    assert TAGGERS[C].apply("Fight Night", ("US | PPV EVENTS",)).tags == ("PPV",)


def test_all_of_them_work_and_each_is_known_by_one_id() -> None:
    assert not [tagger.troubles for tagger in TAGGERS.values() if tagger.troubles]
    assert len({rule.id for rule in DEFAULT_RULES}) == len(DEFAULT_RULES) > 60


def test_they_may_run_without_a_limit() -> None:
    """Linear by construction: names made to hurt them take no longer than others of their length."""
    for rule in DEFAULT_RULES:
        limited = Matcher(rule.pattern_type, rule.pattern, case_sensitive=rule.case_sensitive)
        for bait in ("[" * 300, " " * 300 + "x", "US" * 150, "- " * 150 + "x", "#" * 300 + "x", "| " * 150, "+1" * 150):
            limited.replaced(bait, " ")  # raises when it takes 0.1 s
