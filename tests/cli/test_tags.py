"""Tags by command: what the API does, in one process."""

from tests.cli.conftest import Inside


def test_rules_filters_and_tags_are_kept_by_commands(inside: Inside) -> None:
    account = ("--kind", "xtream", "--username", "fake-user", "--password", "fake-word", "--no-sync")
    assert inside("provider", "add", "Home", "http://h.test", *account).code == 0
    assert [one["id"] for one in inside("tags", "rulesets", "list", "--json").json["rulesets"]] == ["default"]
    own = inside("tags", "rulesets", "add", "Mine").out.strip()
    rule = inside("tags", "rules", "add", own, "^US", "US", "--type", "regex", "--json").json
    assert (rule["patternType"], rule["tag"]) == ("regex", "US")
    assert inside("tags", "rules", "list", own, "--json").json["total"] == 1
    assert inside("tags", "rulesets", "assign", "Home", "default", own, "--json").json["total"] == 2
    trial = inside("tags", "rules", "test", own, "x", "X", "--json").json
    assert (trial["items"], trial["changed"]) == (0, 0)
    made = inside("tags", "filter", "add", "Home", "exclude", "name", "shop", "--json").json
    assert inside("tags", "filter", "list", "Home").out.split("\n")[1].startswith("0\texclude\tname\tshop")
    assert inside("tags", "filter", "test", "Home", "include", "tag", "US", "--json").json["items"] == 0
    assert inside("tags", "filter", "remove", "Home", made["id"]).code == 0
    assert inside("tags", "list", "--json").json == {"tags": []}
    assert inside("tags", "rules", "remove", own, rule["id"]).code == 0
    assert inside("tags", "rulesets", "remove", own).code == 0


def test_wrong_use_is_told_in_one_line(inside: Inside) -> None:
    for words, said in (
        (("tags", "rules", "add", "nobody", "x", "X"), "ruleset"),
        (("tags", "rules", "add", "default", "(", "X", "--type", "regex"), "pattern"),
        (("tags", "list", "--kind", "films"), "--kind"),
        (("tags", "set", "nobody", "X"), "channel"),
        (("tags", "process", "nobody"), "nobody"),
    ):
        answer = inside(*words)
        assert answer.code == 2, answer
        assert said in answer.err
    assert inside("tags", "rules", "add", "default", "x", "X").code == 1
