"""Search, library, guidelines, passages and health over HTTP."""

from support import GUIDELINES


def test_search_finds_the_guideline_and_no_condition_twice(client):
    passages = client.post("/v1/search", json={"query": "cough worse at night", "k": 6}).json()["passages"]
    assert 1 < len(passages) <= 6
    titles = [passage["guideline"]["title"] for passage in passages]
    assert "Cough-variant asthma" in titles[:3]
    assert len(set(titles)) == len(titles)
    assert [p["score"] for p in passages] == sorted((p["score"] for p in passages), reverse=True)


def test_a_chinese_search_uses_the_lexical_side_and_finds_chinese_guidelines(client):
    passages = client.post("/v1/search", json={"query": "右下腹痛 恶心", "k": 3}).json()["passages"]
    assert passages[0]["guideline"]["id"] == "appendicitis.zh"
    assert all(passage["similarity"] is None for passage in passages)


def test_a_search_by_synonym_in_the_other_language_finds_the_condition(client):
    passages = client.post("/v1/search", json={"query": "阑尾炎", "language": "en", "k": 1}).json()["passages"]
    assert passages[0]["guideline"]["id"].startswith("appendicitis")


def test_the_library_says_what_it_is_made_of(client):
    library = client.get("/v1/library").json()
    digests = {path.name.split(".")[0] for path in GUIDELINES.glob("*.*.md")}
    assert library["documents"] == 2 * len(digests)
    assert library["conditions"] == len(digests) >= 40
    assert library["languages"] == ["en", "zh"]
    assert library["triage_rules"] >= 80
    assert library["embedder"].startswith("all-MiniLM-L6-v2@53aa51172d14")
    assert library["calibrated"] is True


def test_the_library_says_how_often_each_confidence_level_was_right(client):
    levels = client.get("/v1/library").json()["confidence"]
    assert [level["level"] for level in levels] == ["high", "medium", "low"]
    assert [level["least"] for level in levels] == sorted((level["least"] for level in levels), reverse=True)
    for level in levels:
        assert level["n"] > 0
        assert level["low"] <= level["right"] <= level["high"]
    assert levels[0]["right"] > levels[1]["right"] > levels[2]["right"]


def test_guidelines_are_listed_and_can_be_read(client):
    listed = client.get("/v1/guidelines").json()["guidelines"]
    assert [guideline["id"] for guideline in listed] == sorted(guideline["id"] for guideline in listed)
    assert {guideline["condition"]["id"] for guideline in listed if guideline["language"] == "zh"} == {
        guideline["condition"]["id"] for guideline in listed if guideline["language"] == "en"
    }
    assert all(guideline["full_text_may_be_shown"] for guideline in listed)
    one = client.get("/v1/guidelines/migraine.en").json()
    assert one["full_text_may_be_shown"]
    assert (one["jurisdiction"], one["effective"], one["withdrawn"], one["other_conditions"]) == (None, None, None, [])
    assert one["condition"]["icd10"].startswith("G43")
    assert {passage["role"] for passage in one["passages"]} >= {"presentation", "red_flags", "tests", "self_care"}
    assert all(source["url"].startswith("http") for source in one["sources"])


def test_a_passage_has_its_sentences(client):
    passage_id = client.get("/v1/guidelines/migraine.zh").json()["passages"][0]["passage_id"]
    passage = client.get(f"/v1/passages/{passage_id}").json()
    assert passage["id"] == passage_id
    pieces = [passage["text"][s["start"] : s["end"]] for s in passage["sentences"]]
    assert pieces
    assert all(piece == piece.strip() and "[^" not in piece for piece in pieces)


def test_unknown_ids_are_not_found_and_not_echoed(client):
    for path in ("/v1/guidelines/kilroy-was-here", "/v1/passages/kilroy-was-here", "/kilroy-was-here"):
        response = client.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert "kilroy" not in response.text


def test_health_routes_answer(client):
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "model": "none"}


def test_the_documentation_needs_no_network(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://fastapi.tiangolo.com", "")
    assert client.get("/openapi.json").json()["info"]["title"] == "Citewell"
