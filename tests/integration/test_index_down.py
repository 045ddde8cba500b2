"""Milvus goes away while the service runs."""

import httpx2
from milvus_lite.server_manager import server_manager_instance
from support import Server, settings_for


def test_triage_goes_on_and_everything_that_needs_the_index_says_503(index_copy):
    settings = settings_for(index_copy)
    settings = settings.model_copy(update={"index": settings.index.model_copy(update={"timeout_s": 1.0})})
    running = Server(settings)
    running.start()
    try:
        with httpx2.Client(base_url=running.url, timeout=60) as client:
            assert client.get("/readyz").status_code == 200
            server_manager_instance.release_server(str(index_copy))
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["code"] == "index_unavailable"
            assert ready.headers["retry-after"]
            refused = client.post("/v1/diagnose", json={"symptoms": "throbbing headache on one side"})
            assert refused.status_code == 503
            assert "throbbing" not in refused.text
            assert client.get("/livez").status_code == 200
            triage = client.post("/v1/triage", json={"symptoms": "crushing chest pain and sweating"})
            assert triage.json()["triage"]["level"] == "call_ambulance"
    finally:
        running.stop()
