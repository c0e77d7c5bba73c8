import re

from tests.support.repository import ROOT, tracked_files

# In parts, so that this file holds none of them.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("proxy", "golang", "org"),
    )
)
HOME = re.compile(r"(?<![\w.:/*-])/(?:home|Users|root)/")


def matching(pattern: re.Pattern[str]) -> list[str]:
    texts = ((file, file.read_bytes().decode(errors="replace")) for file in tracked_files())
    return [f"{file.relative_to(ROOT)}: {found[0]}" for file, text in texts if (found := pattern.search(text))]


def test_no_file_names_a_package_registry() -> None:
    assert not matching(re.compile("|".join(map(re.escape, REGISTRIES))))


def test_no_file_names_a_home_folder() -> None:
    assert not matching(HOME)


def test_home_folders_are_recognised() -> None:
    assert HOME.search("see /" + "home/me/x")
    assert HOME.search('"/' + 'root/.cache"')
    assert not HOME.search("https://portal.example/home/list")


def test_migrations_do_not_shadow_their_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
