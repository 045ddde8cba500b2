from pathlib import Path

import frontmatter
import pytest

from ingestion.licences import may_show_full_text

GUIDELINES = Path(__file__).parents[3] / "guidelines"


@pytest.mark.parametrize(
    "licence",
    [
        "CC-BY-4.0",
        "CC BY 4.0",
        "cc by",
        "CC-BY-SA-3.0-IGO",
        "CC-BY-ND-4.0",
        "CC-BY-3.0-AT",
        "Creative Commons Attribution 4.0 International",
        "Creative Commons Attribution-ShareAlike 4.0 International License",
        "Creative Commons Attribution-NoDerivatives 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org/licenses/by-sa/4.0/deed.zh-hans",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "知识共享 署名 4.0 国际 许可协议",
        "知识共享署名-相同方式共享4.0国际许可协议",
        "CC0-1.0",
        "CC0",
        "OGL-UK-3.0",
        "Open Government Licence v3.0",
        "Open Government License 3.0",
        "public domain",
        "公有领域",
        "Apache-2.0",
        "Apache License, Version 2.0",
        "MIT",
    ],
)
def test_an_open_licence_lets_the_whole_text_be_shown(licence):
    assert may_show_full_text(licence)


@pytest.mark.parametrize(
    "licence",
    [
        None,
        "",
        "-",
        "CC-BY-NC-4.0",
        "CC BY-NC",
        "CC BY 4.0 NC",
        "Attribution",
        "CC-BY-NC-SA-3.0-IGO",
        "CC-BY-NC-ND-4.0",
        "Creative Commons Attribution-NonCommercial 4.0 International",
        "https://creativecommons.org/licenses/by-nc-sa/3.0/igo/",
        "https://example.org/licenses/by/4.0/",
        "知识共享 署名-非商业性使用 4.0 国际",
        "CC-BY-4.0 AND LicenseRef-figures",
        "CC-BY-4.0, figures: all rights reserved",
        "not in the public domain",
        "All rights reserved",
        "版权所有",
        "UK Open Content Licence",
        "proprietary",
    ],
)
def test_any_other_licence_lets_quotes_be_shown(licence):
    assert not may_show_full_text(licence)


def test_the_whole_text_of_the_starter_library_may_be_shown():
    files = list(GUIDELINES.glob("*.*.md"))
    assert len(files) >= 80
    assert all(may_show_full_text(frontmatter.load(str(file))["licence"]) for file in files)
