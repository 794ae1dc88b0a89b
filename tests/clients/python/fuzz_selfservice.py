"""Runs Schemathesis against the self-service API: no 5xx, and nothing that its own description does not say.

Reads BASE_URL (without a slash at its end), TOKEN, SCOPE (one that the token's organization owns) and SEED
(default 1) from the environment. The token needs idporten:dcr.write, idporten:dcr/onbehalfof:write and
idporten:scopes.write, and has to last for a minute. Whatever the organization has is changed and deactivated.

What the description cannot say (that a scope must exist, which attributes go together) makes most generated
bodies 400, so only the form of answers is judged, never whether an input should have been accepted.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import requests

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]

base = os.environ["BASE_URL"]
authorization = "Bearer " + os.environ["TOKEN"]


def post(path: str, body: dict) -> dict:
    answer = requests.post(
        base + path, json=body, headers={"Authorization": authorization}, timeout=10
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


# Generated ids hit nothing, so some parameters name what exists.
login = {
    "integration_type": "idporten",
    "application_type": "native",
    "client_name": "Innlogging",
    "redirect_uris": ["no.eksempel.app:/cb"],
    "scopes": ["openid"],
}
client_id = post("/clients", login)["client_id"]
customer = {"onbehalfof": "kafe", "name": "Kafé", "orgno": "313994031"}
post(f"/clients/{client_id}/onbehalfof", customer)
parameters = {
    "path.client_id": client_id,
    "path.value": "kafe",
    "path.consumer_orgno": "313994031",
    "query.scope": os.environ["SCOPE"],
}
lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in parameters.items()]

with tempfile.TemporaryDirectory() as folder:
    config = pathlib.Path(folder, "schemathesis.toml")
    config.write_text("\n".join(["[parameters]", *lines]), encoding="utf-8")
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis",
        *("--config-file", config, "run", base + "/openapi.json", "--url", base),
        *("--header", "Authorization: " + authorization),
        *("--generation-with-security-parameters", "false"),
        *("--checks", ",".join(CHECKS), "--continue-on-failure"),
        *("--max-examples", "15", "--seed", os.environ.get("SEED", "1"), "--no-color"),
    ]
    sys.exit(subprocess.run(command, cwd=folder, check=False).returncode)
