#!/usr/bin/env python3
"""An API of one address. Whoever has a token with its scope gets the answer."""

import http.server
import json
import os
import subprocess

SCOPE = "nav:vakt/vaktliste.read"


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "up"})
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        # An API in production verifies with a library; this command makes the same checks.
        verify = ["portvakt", "verify", "-", "--output", "json", "--scope", SCOPE]
        verify += ["--issuer", os.environ["MASKINPORTEN_ISSUER"]]
        checked = subprocess.run(verify, input=token, capture_output=True, text=True)
        if kind != "Bearer" or checked.returncode != 0:
            return self.answer(401, {"error": "invalid_token"})
        return self.answer(200, {"vakter": ["Kari", "Ola"]})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


port = int(os.environ.get("API_PORT", "8080"))
http.server.ThreadingHTTPServer(("127.0.0.1", port), Api).serve_forever()
