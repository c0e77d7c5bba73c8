"""The vocabulary of the made-up catalogue: plausible, and nobody's property."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES: Final = _words(
    """Silent Broken Golden Hidden Last First Distant Burning Frozen Crimson Hollow Wild Forgotten Midnight Paper
    Electric Velvet Restless Savage Gentle Bitter Brave Invisible Lonely Endless Secret Northern Southern Scarlet Iron
    Glass Wooden Sleeping Rising Falling Second Third Perfect Strange Quiet Violent Tender Lost Ancient Modern Blue
    Green White Black Emerald Silver Copper Amber Faithful Reckless Honest Guilty Innocent Stolen Borrowed Painted
    Whispering Shattered Wandering Unbroken Unknown Final Sacred Cursed Lucky Hungry Bright Dark Deep Shallow"""
)
NOUNS: Final = _words(
    """Harbour Garden River Mountain Winter Summer Letter Promise Stranger Brother Sister Daughter Widow Captain Hunter
    Painter Doctor Sailor Soldier Orchard Kingdom Empire Village Station Bridge Tower Castle Mirror Shadow Lantern
    Compass Anchor Voyage Journey Return Escape Betrayal Silence Echo Memory Dream Nightmare Storm Tide Horizon Island
    Desert Forest Valley Canyon Highway Circus Theatre Orchestra Waltz Ballad Verdict Witness Evidence Alibi Ransom
    Heist Gambit Protocol Signal Frequency Equation Paradox Experiment Colony Frontier Outpost Satellite Comet Eclipse
    Prophecy Legacy Inheritance Dynasty Throne Crown Sword Arrow Wolf Raven Falcon Tiger Serpent Dragon Horse Rose
    Thorn Ember Ash Rain Snow Thunder Lightning Dust Stone Salt Honey Bread Wine Table Window Door Key Clock Train
    Café Façade Señor Étude Málaga Übermut Ángel Niño"""
)
PLACES: Final = _words(
    """Lisbon Marseille Hamburg Trieste Valencia Kraków Gdańsk Oslo Bergen Tallinn Riga Vilnius Prague Vienna Zürich
    Genoa Palermo Athens Izmir Beirut Cairo Tunis Dakar Lagos Nairobi Mumbai Lahore Kolkata Hanoi Manila Osaka Busan
    Sydney Auckland Lima Bogotá Quito Montevideo Havana Austin Boston Chicago Denver Seattle Toronto Québec"""
)
FIRST_NAMES: Final = _words(
    """Anna Maria Julia Elena Sofia Clara Nora Ines Lucía Zoë Amira Leila Priya Mei Yuki Hana Olga Irina Katarzyna
    Astrid Thomas Lukas Martin David Daniel Samuel Pedro José Marco Luca Ahmed Omar Karim Ravi Arjun Wei Kenji
    Ivan Dmitri Lars Björn Søren Ethan Noah Liam Oscar Hugo Felix"""
)
LAST_NAMES: Final = _words(
    """Almeida Bauer Carver Duarte Eriksen Fontaine Greene Hoffmann Ivanova Jensen Kowalski Larsen Moreau Novák Okafor
    Petrov Quintana Rossi Sánchez Tanaka Ueda Vargas Walker Xavier Yamada Zimmermann O'Brien MacLeod Haddad Mansour
    Nakamura Kapoor Banerjee Castellanos Fitzgerald Lindqvist Thorvaldsen Marchetti Delacroix Brankovič"""
)
GENRES: Final = _words(
    """Action Adventure Animation Biography Comedy Crime Documentary Drama Family Fantasy History Horror Music Mystery
    Romance Sci-Fi Sport Thriller War Western"""
)
COUNTRIES: Final = (
    "USA", "United Kingdom", "France", "Germany", "Spain", "Italy", "Poland", "Türkiye", "India", "Japan",
    "South Korea", "Brazil", "Mexico", "Canada", "Sweden", "USA, Canada", "France, Belgium", "United States of America",
)  # fmt: skip
HEROES: Final = (
    "A retired detective", "A young violinist", "The keeper of a lighthouse", "A disgraced surgeon", "An ageing forger",
    "A single mother of three", "The last pilot of a bankrupt airline", "A village schoolteacher",
    "An estranged sister",
    "A night-shift radio host", "An exiled diplomat", "A rookie prosecutor", "A shy cartographer", "A former smuggler",
    "A family of beekeepers", "An undercover customs officer",
)  # fmt: skip
EVENTS: Final = (
    "discovers a letter that was never meant to be read", "is drawn back to the town that once cast them out",
    "agrees to one last job and regrets it at once", "finds a stranger living in the house by the sea",
    "has forty-eight hours to prove what nobody wants to hear", "inherits a debt that cannot be paid in money",
    "witnesses a crime that the police insist never happened", "must choose between a promise and a life",
    "builds an unlikely friendship across a closed border", "uncovers a conspiracy behind a routine accident",
    "loses everything in a single night and starts again", "follows a voice heard on an abandoned frequency",
)  # fmt: skip
TURNS: Final = (
    "As winter closes the mountain roads, old loyalties begin to crack.",
    "What begins as a favour soon turns into a fight for survival.",
    "But the past has a long memory, and it knows where to look.",
    "Meanwhile a rival closes in, and time is no longer on their side.",
    "With every answer, the question becomes more dangerous.",
    "Nobody in the village is quite who they claim to be.",
    "The truth, when it comes, costs more than anyone is willing to pay.",
    "Help arrives from the one person who should never have come back.",
)  # fmt: skip
CLOSERS: Final = (
    "A quiet, gripping story about guilt &amp; forgiveness.", "Based on the bestselling novel.",
    "Winner of three national film awards.", "Inspired by true events.",
    "A portrait of a generation that refused to look away.", "Nominated for “Best Screenplay” at two festivals.",
    "Funny, warm and unexpectedly moving.", "An edge-of-your-seat thriller until the very last frame.",
)  # fmt: skip
FOREIGN_TITLES: Final = (
    "Тихая гавань", "Последний свидетель", "Зимний сад", "الميناء الصامت", "رسالة من البحر", "静かな港", "겨울의 약속",
    "Η τελευταία υπόσχεση", "Das stille Haus", "Le dernier été", "La casa del río", "Sessiz Liman", "Ostatni świadek",
)  # fmt: skip
NETWORKS: Final = _words(
    """ESPN Discovery Nova Arena Prima Cinema Euro Sport Kanal Rai Canal Sky TNT Fox Star Movie Action Kids Junior Toon
    Nature History Science Travel Food Fashion Music Hits Rock Jazz Classic News World Business Weather Parliament Local
    Metro Capital Coast Valley Planet Globe Horizon Vision Prime Max Gold Silver Family Comedy Drama Crime Thriller
    Racing Golf Tennis Fight Football Cricket Rugby"""
)
REGIONS: Final = _words("UK US CA DE FR ES IT PT NL BE PL RO GR TR AR IN PK BR MX SE NO DK FI AU IE CH AT CZ HU BG")
REGION_NAMES: Final = (
    "United Kingdom", "USA", "Canada", "Germany", "France", "Spain", "Italy", "Portugal", "Netherlands", "Belgium",
    "Poland", "Romania", "Greece", "Türkiye", "العربية", "India", "Pakistan", "Brasil", "México", "Sverige", "Norge",
    "Danmark", "Suomi", "Australia", "Ireland", "Schweiz", "Österreich", "Česko", "Magyarország", "България",
)  # fmt: skip
THEMES: Final = _words("News Sports Movies Kids Music Documentary Entertainment General Regional PPV 24/7 Religious")
QUALITIES: Final = (" HD", " FHD", " 4K", "", "", " ᴴᴰ", " ᵁᴴᴰ", " SD", " HEVC", " ᴿᴬᵂ")
SUFFIXES: Final = ("", "", "", "", " [EAST]", " [WEST]", " (BACKUP)", " +1", " ◉", " |VIP|")
VOD_PREFIXES: Final = ("", "", "", "EN - ", "|FR| ", "DE: ", "4K-", "[ES] ", "TR ➾ ", "EX-YU | ")
EDITIONS: Final = ("Director's Cut", "Extended", "Remastered", "Uncut", "4K", "Restored", "New Edition")
VOD_THEMES: Final = _words(
    """Action Adventure Animation Comedy Crime Documentary Drama Family Horror Romance Sci-Fi Thriller War Western
    Classics Christmas 4K Multi-Subs Netflix-Style Festival"""
)
SHOWS: Final = (
    "News Update", "Morning Show", "The Late Debate", "City Streets", "Wild Oceans", "Kitchen Masters",
    "Match of the Week", "Weather Report", "Cold Trail", "The Harbour", "Quiz Night", "Music Box", "World in Focus",
    "Cartoon Hour", "Hospital Nights", "Documentary: Deep Earth", "Motor Weekly", "Travel Diaries",
    "Film: The Hidden Garden", "Tagesthemen", "Вечерние новости", "أخبار المساء",
)  # fmt: skip
