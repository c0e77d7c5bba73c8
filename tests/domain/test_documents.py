import json

from app.domain.documents import DOCUMENTS, ChannelDocument, decode, encode
from app.domain.fingerprint import fingerprint
from app.domain.kinds import Kind


def test_documents_are_canonical_json_with_sorted_keys() -> None:
    for kind, document in DOCUMENTS.items():
        fields = [name for name in document.__struct_encode_fields__ if name != "cmd"]
        assert fields == sorted(fields), kind


def test_a_channels_document_carries_every_promised_field() -> None:
    body = encode(channel(number=7.1))
    assert json.loads(body)["number"] == 7.1
    assert body == json.dumps(json.loads(body), separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    assert decode(Kind.CHANNEL, body) == channel(number=7.1)


def channel(**fields: object) -> ChannelDocument:
    values: dict[str, object] = {
        "added_at": None,
        "archive": None,
        "archive_days": None,
        "category_id": None,
        "category_ids": (),
        "censored": None,
        "cleaned_name": "One",
        "epg_id": None,
        "external_id": "1",
        "id": "x",
        "is_hd": None,
        "logo": None,
        "name": "One",
        "number": None,
        "provider_id": "p",
        "stream": "/s",
    }
    return ChannelDocument(**values | fields)  # type: ignore[arg-type]


def test_a_signed_link_part_is_no_change_but_another_picture_is() -> None:
    def of(logo: str) -> int:
        return fingerprint(encode(channel(logo=logo)))

    assert of("http://h/1.png?token=abc&expires=1") == of("http://h/1.png?token=def&expires=2")
    assert of("http://h/1.png?v=1") != of("http://h/1.png?v=2")
    assert of("http://h/1.png") != of("http://h/2.png")
    assert -(2**63) <= of("http://h/1.png") < 2**63
