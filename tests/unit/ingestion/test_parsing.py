import os
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest

from ingestion.parsing import SUFFIXES, Parsers
from ingestion.scan import File
from services.core.errors import LibraryError

HARMFUL = "harmful_readers:READERS"
HEAVY = {"torch", "pymilvus", "milvus_lite", "llama_index", "transformers"}


def files(folder, *contents):
    made = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.txt"
        path.write_text(content)
        made.append(File(path, PurePosixPath(path.name), "0" * 64))
    return made


def read(folder, *contents, **settings):
    with Parsers(**{"workers": 2, "readers": HARMFUL, **settings}) as parsers:
        return [said(parsed) for parsed in parsers.read(files(folder, *contents))]


def said(parsed):
    if parsed.failure is not None:
        assert parsed.reading is None
        return parsed.failure.kind
    return parsed.reading.sections[0].text


def is_running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def is_gone(process):
    return any(not is_running(process) or time.sleep(0.1) for _ in range(100))


def test_results_come_in_the_order_of_the_files(tmp_path):
    words = [f"word{number}" for number in range(200)]
    assert read(tmp_path, *words) == words


def test_real_readers_are_the_default(tmp_path):
    made = files(tmp_path, "TREATMENT\nRest at home.")
    with Parsers() as parsers:
        (parsed,) = parsers.read(made)
    assert (parsed.reading.sections[0].path, parsed.reading.sections[0].text) == (("TREATMENT",), "Rest at home.")
    assert {".txt", ".md", ".html", ".pdf", ".docx"} <= SUFFIXES


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        ("exit", "crashed"),
        ("exit-0", "crashed"),
        ("fault", "crashed"),
        ("recurse", "crashed"),
        ("fill-4000", "too_much_memory"),
        ("grow", "too_much_memory"),
        ("refuse", "encrypted"),
        ("write", "too_large"),
    ],
)
def test_what_harms_its_process_costs_one_file(tmp_path, harm, kind):
    assert read(tmp_path, "a", harm, "b", harm, "c", memory_mib=512) == ["a", kind, "b", kind, "c"]


@pytest.mark.parametrize("harm", ["hang", "spin"])
def test_what_takes_too_long_costs_one_file(tmp_path, harm):
    assert read(tmp_path, "a", harm, "b", "c", timeout_s=0.5) == ["a", "too_slow", "b", "c"]


def test_a_file_that_went_away_is_a_failure(tmp_path):
    made = files(tmp_path, "a", "b")
    made[0].path.unlink()
    with Parsers(readers=HARMFUL) as parsers:
        assert [said(parsed) for parsed in parsers.read(made)] == ["unreadable", "b"]


def test_an_unknown_format_is_a_failure(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text("a")
    with Parsers(readers=HARMFUL) as parsers:
        assert [said(p) for p in parsers.read([File(path, PurePosixPath("a.xyz"), "")])] == ["unsupported"]


def test_no_files_start_no_process():
    with Parsers() as parsers:
        assert list(parsers.read([])) == []


def test_processes_are_used_again_and_end_with_the_block(tmp_path):
    first, second = files(tmp_path, "process", "process")
    with Parsers(workers=1, readers=HARMFUL) as parsers:
        found = {said(parsed) for part in ([first, second], [first]) for parsed in parsers.read(part)}
    (process,) = found
    assert is_gone(process)


def test_what_the_parent_holds_is_not_counted_as_the_process_s(tmp_path):
    held = bytearray(b"1" * (300 * 1024 * 1024))
    found = read(tmp_path, "process", "process", workers=1, memory_mib=512)
    assert len(held) > 0
    assert found[0] == found[1]


def test_a_caller_that_stops_early_gets_the_right_results_afterwards(tmp_path):
    made = files(tmp_path, "a", "b", "c", "d", "e")
    with Parsers(workers=2, readers=HARMFUL) as parsers:
        reading = parsers.read(made)
        assert said(next(reading)) == "a"
        reading.close()
        assert [said(parsed) for parsed in parsers.read(made[3:])] == ["d", "e"]


def test_a_process_that_held_much_memory_is_replaced(tmp_path):
    found = read(tmp_path, "process", "fill-300", "process", workers=1, memory_mib=512)
    assert found[0] != found[2]


def test_no_process_loads_heavy_libraries(tmp_path):
    (modules,) = read(tmp_path, "modules")
    assert "ingestion" in modules.split()
    assert not HEAVY & set(modules.split())


def test_readers_that_cannot_be_loaded_are_told(tmp_path):
    with pytest.raises(LibraryError, match="do not start"):
        read(tmp_path, "a", readers="no_such_module:READERS")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal for a closed pipe is Linux's")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("harm", ["hang", "spin"])
def test_no_process_outlives_the_parent(tmp_path, end, harm):
    made = files(tmp_path, "process", harm)
    program = (
        "import sys; from pathlib import Path, PurePosixPath\n"
        "from ingestion.parsing import Parsers; from ingestion.scan import File\n"
        "with Parsers(workers=1, readers='harmful_readers:READERS') as parsers:\n"
        "    for parsed in parsers.read([File(Path(p), PurePosixPath(p), '') for p in sys.argv[1:]]):\n"
        "        print(parsed.reading.sections[0].text, flush=True)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *(str(file.path) for file in made)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    with parent:
        process = int(parent.stdout.readline())
        assert is_running(process)
        parent.send_signal(end)
        parent.wait(20)
    assert is_gone(process)
