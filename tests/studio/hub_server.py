"""The few routes of the hub that fetching a model needs, served from folders of this machine over real HTTP."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Use as a context manager; `url` is for HF_ENDPOINT.

    Args:
        repositories: folder by "owner/name".
        licences: as their pages name them.
    """

    def __init__(self, repositories: dict[str, Path], licences: dict[str, str]):
        self.repositories, self.licences, self.asked = repositories, licences, []
        hub = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                hub.asked.append(self.path)
                hub.answer(self, unquote(urlsplit(self.path).path))

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, path):
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            return self.page(request, "/".join(parts[2:4]))
        repository, kind, name = "/".join(parts[:2]), parts[2:3], "/".join(parts[4:])
        file = self.repositories.get(repository, Path("/nowhere")) / name
        if kind != ["resolve"] or not file.is_file():
            return self.send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})
        data = file.read_bytes()
        return self.send(request, 200, data, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT})

    def page(self, request, repository):
        folder = self.repositories.get(repository)
        if folder is None:
            return self.send(request, 404, b'{"error": "not found"}', {"X-Error-Code": "RepoNotFound"})
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        siblings = [
            {"rfilename": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "blobId": "0" * 40}
            for path in files
        ]
        for told, path in zip(siblings, files, strict=True):
            if path.suffix == ".safetensors":
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                told["lfs"] = {"sha256": digest, "size": path.stat().st_size, "pointerSize": 130}
        values = {"id": repository, "modelId": repository, "sha": COMMIT, "gated": False, "siblings": siblings}
        if repository in self.licences:
            values["cardData"] = {"license": self.licences[repository]}
        return self.send(request, 200, json.dumps(values).encode(), {"Content-Type": "application/json"})

    @staticmethod
    def send(request, code, data, headers):
        request.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
