"""The README's example is what the program prints."""

import json
import re

from support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def contains(whole: object, part: object) -> bool:
    """Whether an answer has at least these fields, with these values."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and contains(whole[key], value) for key, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(contains(item, wanted) for item in whole) for wanted in part)
    return whole == part


def test_the_example_prints_what_the_readme_says(client):
    body = json.loads(re.search(r"curl -s \S+/diagnose .*-d '(.+)'", README)[1])
    advice, details = (json.loads(block) for block in re.findall(r"```json\n(.+?)\n```", README, re.DOTALL))
    answer = client.post("/diagnose", json=body).json()
    assert answer["advice"] == advice
    assert contains(answer["details"], details)


def test_every_route_stands_in_the_readme(client):
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in README
