import datetime

import pytest
import yaml
from support import GUIDELINES

from evals.vignettes import EDITIONS, REGIONS

CATALOG = yaml.safe_load((EDITIONS / "catalog.yaml").read_text(encoding="utf-8"))["documents"]
OLDER = sorted((EDITIONS / "superseded").glob("*.md"))
CONTRADICTING = sorted((EDITIONS / "contradictory").glob("*.md"))
ABOUT = ("language", "condition", "population", "usual", "onset", "duration_days", "frequency", "urgency", "department")


def front_matter(file):
    return yaml.safe_load(file.read_text(encoding="utf-8").split("---\n")[1])


def conditions(files):
    return {file.name.partition(".")[0] for file in files}


@pytest.mark.parametrize("file", [*OLDER, *CONTRADICTING], ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_invented_guideline_says_so_and_is_on_what_the_librarys_is_on(file):
    invented, own = front_matter(file), front_matter(GUIDELINES / file.name)
    assert invented["publisher"] == "Citewell evaluation"
    assert any(word in invented["title"] for word in ("invented", "虚构"))
    assert "not for patients" in invented["review"]
    assert {name: invented[name] for name in ABOUT} == {name: own[name] for name in ABOUT}


def test_there_are_enough_conditions_in_both_languages_and_each_has_one_kind_only():
    assert len(conditions(OLDER)) >= 8
    assert len(conditions(CONTRADICTING)) >= 6
    for files in (OLDER, CONTRADICTING):
        assert {file.name for file in files} == {f"{c}.{lang}.md" for c in conditions(files) for lang in ("en", "zh")}
    assert not conditions(OLDER) & conditions(CONTRADICTING)


def test_the_library_supersedes_each_older_edition_and_is_newer():
    superseded = {name: said["supersedes"] for name, said in CATALOG.items() if "supersedes" in said}
    assert superseded == {file.name: front_matter(file)["id"] for file in OLDER}
    for file in OLDER:
        assert front_matter(file)["published"] < front_matter(GUIDELINES / file.name)["published"]
        assert front_matter(file)["published"] < datetime.date(2015, 1, 1)


def test_the_library_is_of_one_country_and_what_contradicts_it_of_another():
    own, other = REGIONS
    stated = {name: said["jurisdiction"] for name, said in CATALOG.items() if "jurisdiction" in said}
    assert stated == {file.name: own for file in CONTRADICTING}
    assert {front_matter(file)["jurisdiction"] for file in CONTRADICTING} == {other}


def facts(file):
    lines = file.read_text(encoding="utf-8").split("---\n", 2)[2].splitlines()
    return {line.removeprefix("- ").partition(" [^")[0] for line in lines if line.startswith("- ")}


def test_no_sentence_of_the_library_is_repeated():
    for file in [*OLDER, *CONTRADICTING]:
        assert len(facts(file)) >= 10
        assert not facts(file) & facts(GUIDELINES / file.name)
