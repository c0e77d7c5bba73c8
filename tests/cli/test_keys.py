"""`lineup keys` on each database."""

from tests.cli.conftest import Inside


def test_a_key_is_shown_once_listed_and_revoked(inside_any: Inside) -> None:
    made = inside_any.json("keys", "create", "living room", "--scope", "sync")
    assert made["key"].startswith("lk_")
    plain = inside_any("keys", "create", "phone", "--scope", "read")
    assert (plain.code, plain.err, plain.out.count("\n")) == (0, "", 1)
    listed = inside_any("keys", "list")
    assert listed.code == 0
    for word in (made["key"], plain.out.strip()):
        assert word not in listed.out
        assert word[:7] in listed.out
    assert inside_any("keys", "revoke", "phone").code == 0
    told = inside_any.json("keys", "list")
    assert [(one["name"], one["scope"], one["revokedAt"] is None) for one in told["keys"]] == [
        ("living room", "sync", True),
        ("phone", "read", False),
    ]


def test_wrong_use_is_told(inside: Inside) -> None:
    for words, named in (
        (("create", "x", "--scope", "all"), "--scope"),
        (("create", "x"), "--scope"),
        (("create", "(x)", "--scope", "read"), "NAME"),
        (("revoke", "nobody"), "no such key"),
    ):
        answer = inside("keys", *words)
        assert answer.code == 2, answer
        assert named in answer.err
