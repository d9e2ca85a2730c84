"""What worker processes do in the tests: functions from a stage's text to an outcome's text. No test module."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from harness.records import Stage


class Behave:
    """Do what the stage's params say, and write down when it began and ended."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __call__(self, text: str) -> str:
        stage = json.loads(text)
        what = stage["params"]
        began = time.monotonic()
        if what.get("dies"):
            os.kill(os.getpid(), signal.SIGKILL)
        if what.get("leaves"):
            os._exit(7)
        time.sleep(what.get("seconds", 0.0))
        line = json.dumps({"name": what["name"], "began": began, "ended": time.monotonic(), "pid": os.getpid()})
        with self.log.open("a") as stream:
            stream.write(line + "\n")
        if what.get("fails"):
            return json.dumps({"failure": {"message": "it failed", "traceback": "Traceback", "log": "a/log"}})
        return json.dumps(
            {"success": {"key": Stage.from_json(stage).key, "computed": True, "seconds": 1.5, "doubts": ["hm"]}}
        )


class Unloadable:
    """Ends the process that unpickles it: a worker that is gone before it reads its first stage."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)
