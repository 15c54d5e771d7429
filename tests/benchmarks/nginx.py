"""nginx on loopback, with static JSON unless it is told otherwise, for as long as it is entered."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

MISSING = "nginx is not installed: apt-get install nginx-light"
_CONFIG = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {log}; keepalive_requests 10000000; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    {locations}
  }}
}}
"""
_STATIC = """
    location = /login { return 200 '{"token":"tok-123456789","expires_in":300}'; }
    location = /users/me { return 200 '{"username":"ada","roles":["admin","user"],"id":1}'; }
    location / { return 200 '{"id":7,"name":"x","items":[1,2,3]}'; }
"""


class Nginx:
    """A server process of its own on a free port.

    Args:
        locations: What it serves; `FOLDER` in it is the folder with `files`.
        files: Names and contents.
        log: Keep a log, so that requests can be counted.
    """

    def __init__(self, locations: str = _STATIC, files: dict[str, str] | None = None, *, log: bool = False) -> None:
        self._locations = locations
        self._files = files or {}
        self._log = log

    def count(self, line: str) -> int:
        """How many requests there were whose log line holds this text."""
        return (Path(self._folder.name) / "access.log").read_text().count(line)

    def __enter__(self) -> str:
        if shutil.which("nginx") is None:
            raise FileNotFoundError(MISSING)
        self._folder = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = Path(self._folder.name) / "nginx.conf"
        for name, content in self._files.items():
            (config.parent / name).write_text(content)
            (config.parent / name).chmod(0o644)  # its worker may be another user
        config.parent.chmod(0o755)
        locations = self._locations.replace("FOLDER", self._folder.name)
        log = config.parent / "access.log" if self._log else "off"
        config.write_text(_CONFIG.format(folder=self._folder.name, port=port, locations=locations, log=log))
        self._process = subprocess.Popen(
            ["nginx", "-c", str(config)], stderr=subprocess.DEVNULL, start_new_session=True
        )
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 0.1).close()
                break
            except OSError:
                time.sleep(0.05)
        return f"http://127.0.0.1:{port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # its worker too
        self._process.wait()
        self._folder.cleanup()
