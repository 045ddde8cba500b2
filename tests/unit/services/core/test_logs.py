import json
import logging

import pytest

from services.core.logs import ALLOWED_FIELDS, JsonFormatter, configure_logs


def record(name="services.api", message="answered", **extra):
    made = logging.LogRecord(name, logging.INFO, __file__, 1, message, (), None)
    vars(made).update(extra)
    return made


@pytest.fixture
def loggers():
    """Puts the loggers that `configure_logs` touches back as they were."""
    names = ("", "services", "ingestion", "evals", "pymilvus", "milvus_lite", "uvicorn.access")
    before = {name: logging.getLogger(name).level for name in names}
    handlers = logging.getLogger().handlers[:]
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger().handlers[:] = handlers


def test_a_record_is_one_json_object_on_one_line():
    line = JsonFormatter().format(record(message="two\nlines", request_id="r1", duration_ms=12))
    assert "\n" not in line
    assert json.loads(line) | {"time": ""} == {
        "time": "",
        "severity": "info",
        "logger": "services.api",
        "event": "two\nlines",
        "request_id": "r1",
        "duration_ms": 12,
    }


def test_a_field_that_is_not_allowed_is_left_out():
    assert "chest" not in JsonFormatter().format(record(text="chest pain", question="chest pain", body="chest pain"))


@pytest.mark.parametrize("name", ["text", "question", "symptoms", "query", "quote", "passage", "session", "history"])
def test_no_field_that_may_hold_what_a_person_wrote_is_allowed(name):
    assert name not in ALLOWED_FIELDS


@pytest.mark.parametrize("name", ["pymilvus.client", "uvicorn.access", "httpx", "root"])
def test_the_message_of_a_library_is_withheld(name):
    assert "chest" not in JsonFormatter().format(record(name=name, message="failed on 'chest pain'"))


def test_an_exception_is_logged_by_its_type_without_its_text():
    try:
        raise ValueError("chest pain")  # noqa: TRY301
    except ValueError as exc:
        failed = record()
        failed.exc_info = (ValueError, exc, exc.__traceback__)
    line = JsonFormatter().format(failed)
    assert json.loads(line)["error_type"] == "ValueError"
    assert "chest" not in line


def test_chinese_stays_readable():
    assert "咳嗽" in JsonFormatter().format(record(message="咳嗽"))


@pytest.mark.usefixtures("loggers")
def test_configured_logs_go_to_standard_error_as_json(capsys):
    configure_logs("INFO")
    logging.getLogger("services.api").info("answered", extra={"status": 200, "text": "chest pain"})
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["status"] == 200
    assert "chest" not in err


@pytest.mark.usefixtures("loggers")
def test_less_severe_records_than_the_level_are_not_logged(capsys):
    configure_logs("WARNING")
    logging.getLogger("services.api").info("answered")
    logging.getLogger("httpx").info("GET")
    logging.getLogger("pymilvus").error("failed on 'chest pain'")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("loggers")
def test_configuring_twice_logs_once(capsys):
    configure_logs("INFO")
    configure_logs("INFO")
    logging.getLogger("services.api").info("answered")
    assert len(capsys.readouterr().err.splitlines()) == 1
