"""64 workers and one server for as many requests as fit into minutes: no error, the right lists, memory flat."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from berrypick import seeding
from berrypick.corpora import load
from berrypick.corpora.engines import open_engine

WORKERS = 64
#: An hour of 64 workers that search every 5 seconds.
REQUESTS = int(os.environ.get("BERRYPICK_LOAD_REQUESTS", "46080"))
COMMAND = "import sys; from berrypick.cli.main import main; sys.exit(main(sys.argv[1:]))"


def resident(process: int) -> int:
    """Resident memory of a process, in MiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) // 1024


@pytest.mark.slow
@pytest.mark.usefixtures("start")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the server's memory from /proc")
def test_an_hours_worth_of_requests(record_property: Any):
    corpus = load("almanac-tiny", "test", 0)
    expected = open_engine("bm25", corpus)
    words = sorted({word for document in corpus.documents for word in document.text.split()})
    command = [sys.executable, "-P", "-c", COMMAND, "serve", "almanac-tiny", "--port", "0"]
    memory: list[int] = []
    wrong: list[Any] = []
    left, lock = iter(range(REQUESTS)), threading.Lock()

    def work(worker: int, port: int, process: int) -> None:
        draw = seeding.rng(worker, "test", 0)
        engine = open_engine(f"http:http://127.0.0.1:{port}#retries=0", corpus)
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            if number % (REQUESTS // 10) == 0:
                memory.append(resident(process))
            query = " ".join(words[place] for place in draw.integers(len(words), size=4))
            try:
                found = engine.search([query], 3)
            except Exception as error:
                wrong.append(error)
                return
            if number % 50 == 0 and found != expected.search([query], 3):
                wrong.append(query)

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().strip().removesuffix("/retrieve").rpartition(":")[2])
            threads = [threading.Thread(target=work, args=(worker, port, server.pid)) for worker in range(WORKERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            memory.append(resident(server.pid))
            server.terminate()
            assert server.wait(30) == 0
        finally:
            server.kill()
    record_property("memory", memory)
    assert wrong == []
    assert len(memory) >= 10
    # What is remembered (queries, encoded pages) fills in the first tenth.
    assert max(memory[2:]) - memory[1] <= 16, memory
    sys.stderr.write(f"resident MiB at each tenth: {memory}\n")
