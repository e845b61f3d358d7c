"""A run in a process of its own, for tests that kill it, interrupt it, or take its disk away.

Usage: child.py FOLDER LOG ITEMS [OPTION], the option one of --die-at EVENT N, --die-after SECONDS, --interrupt-at N,
--file-limit BYTES, --as-nobody.

The model writes ``called Q`` into LOG before it answers, the work ``got Q`` after the answer reached it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time

from personarium.core.chat import Reply, Sampling, Usage
from personarium.core.errors import PersonariumError
from personarium.runs import Run, run_sync
from personarium.runs.progress import PlainLines

PLAIN = Sampling()


class Log:
    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self.counts = {"called": 0, "got": 0}
        self.at: tuple[str, int, int] | None = None  # event, count, signal

    def write(self, event: str, what: str) -> None:
        os.write(self.fd, f"{event} {what}\n".encode())
        self.counts[event] += 1
        if self.at is not None and (event, self.counts[event]) == self.at[:2]:
            os.kill(os.getpid(), self.at[2])


class Logged:
    name = "logged"

    def __init__(self, log: Log) -> None:
        self.log = log

    async def generate(self, messages, sampling=PLAIN):
        question = messages[-1]["content"]
        self.log.write("called", question)
        await asyncio.sleep(0.001 * (len(question) % 3))
        return Reply(f"answer to {question}", usage=Usage(3, 4, 1))


def options(args: list[str], log: Log) -> None:
    flag = args[0] if args else ""
    if flag == "--die-at":
        log.at = (args[1], int(args[2]), signal.SIGKILL)
    elif flag == "--interrupt-at":
        log.at = ("got", int(args[1]), signal.SIGINT)
    elif flag == "--die-after":

        def die() -> None:
            time.sleep(float(args[1]))
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=die, daemon=True).start()
    elif flag == "--file-limit":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(args[1]), int(args[1])))
    elif flag == "--as-nobody":
        os.setuid(65534)


async def main(folder: str, log: Log, items: int, rest: list[str]) -> None:
    options([], log)
    with Run.open(folder, {"items": items}, command="child", progress=PlainLines(every_s=1e9)) as run:
        options(rest, log)
        model = run.model(Logged(log), concurrency=8)

        async def work(number: int) -> str:
            texts = []
            for turn in "ab":
                question = f"question {number}{turn}"
                reply = await model.generate([{"role": "user", "content": question}])
                log.write("got", question)
                texts.append(reply.text)
            return " ".join(texts)

        outcomes = await run.map("ask", range(items), work, key=str, concurrency=10)
        run.write_summary({"answers": [outcome.value for outcome in outcomes]})


if __name__ == "__main__":
    if "--as-nobody" in sys.argv:
        options(["--as-nobody"], None)
    try:
        run_sync(main(sys.argv[1], Log(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except PersonariumError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(error.exit_code)
