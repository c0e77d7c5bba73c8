"""What answers look like, for the documentation."""

from typing import Any, Final

from app.domain.kinds import Kind

_COMMON: Final[dict[str, Any]] = {
    "id": "n5wvx2p7c3qjy4ta",
    "providerId": "k3v7q2m5ylz4ab6d",
    "externalId": "4711",
    "categoryId": "c2bq6m4xv7tfzy3a",
    "categoryIds": ["c2bq6m4xv7tfzy3a"],
    "isActive": True,
    "addedAt": "2024-05-02T08:11:12Z",
    "updatedAt": "2026-11-21T09:36:00Z",
    "censored": False,
    "isHd": True,
    "tags": [],
}
_TITLE: Final[dict[str, Any]] = {
    **_COMMON,
    "originalName": "Le Fabuleux Destin d'Amélie Poulain",
    "description": "A shy waitress decides to change the lives of those around her.",
    "poster": "http://images.example/amelie.jpg",
    "year": 2001,
    "director": "Jean-Pierre Jeunet",
    "actors": ["Audrey Tautou", "Mathieu Kassovitz"],
    "country": "France",
    "genres": ["Comedy", "Romance"],
    "rating": 8.3,
    "ratingImdb": 8.3,
    "duration": 122,
}
EXAMPLES: Final[dict[Kind, dict[str, Any]]] = {
    Kind.CHANNEL: {
        **_COMMON,
        "kind": "channel",
        "name": "FR| ARTE ᴴᴰ",
        "cleanedName": "FR| ARTE HD",
        "number": 7,
        "logo": "http://images.example/arte.png",
        "epgId": "arte.fr",
        "archive": True,
        "archiveDays": 7,
        "stream": "/api/channels/n5wvx2p7c3qjy4ta/stream",
    },
    Kind.MOVIE: {
        **_TITLE,
        "kind": "movie",
        "name": "Amélie (2001)",
        "cleanedName": "Amélie (2001)",
        "stream": "/api/movies/n5wvx2p7c3qjy4ta/stream",
    },
    Kind.SERIES: {
        **_TITLE,
        "kind": "series",
        "name": "Dark",
        "cleanedName": "Dark",
        "yearEnd": 2020,
        "episodeCount": 26,
    },
}
CATEGORY: Final[dict[str, Any]] = {
    "id": "c2bq6m4xv7tfzy3a",
    "providerId": "k3v7q2m5ylz4ab6d",
    "externalId": "12",
    "kind": "movie",
    "name": "France",
    "position": 3,
    "count": 1180,
    "isActive": True,
}
SEASON: Final[dict[str, Any]] = {
    "id": "s7dtr2vq5ya3xk4m",
    "seriesId": "n5wvx2p7c3qjy4ta",
    "number": 1,
    "name": "Season 1",
    "description": None,
    "poster": "http://images.example/dark-1.jpg",
    "airDate": "2017-12-01",
    "episodeCount": 10,
}
EPISODE: Final[dict[str, Any]] = {
    "id": "e4mv7x2cq5tz3yda",
    "seriesId": "n5wvx2p7c3qjy4ta",
    "season": 1,
    "number": 1,
    "name": "Secrets",
    "description": None,
    "poster": None,
    "duration": 52,
    "rating": 8.1,
    "addedAt": "2024-05-02T08:11:12Z",
    "airDate": "2017-12-01",
    "stream": "/api/episodes/e4mv7x2cq5tz3yda/stream",
}


def page_example(name: str, item: dict[str, Any], *, keyset: bool = True) -> dict[str, Any]:
    """A list that holds one item of many."""
    following = {"nextCursor": "WzEyMzQ1LDIsMCxudWxsLDEsOTldCg"} if keyset else {}
    return {"total": 64106, "page": 1, "limit": 100, "hasMore": True, **following, name: [item]}
