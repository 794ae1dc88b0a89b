"""Gets a token with Authlib's JWT bearer grant, as any Python client would, and verifies it with joserfc.

Reads ISSUER, CLIENT_ID, KEY_FILE (a private JWK), SCOPE and RESOURCE from the environment and prints the
verified claims as JSON.
"""

import json
import os

import requests
from authlib.integrations.requests_client import AssertionSession
from joserfc import jwt
from joserfc.jwk import KeySet

issuer = os.environ["ISSUER"]
metadata = requests.get(
    issuer + ".well-known/oauth-authorization-server", timeout=10
).json()
assert metadata["issuer"] == issuer

with open(os.environ["KEY_FILE"], encoding="utf-8") as file:
    key = json.load(file)

session = AssertionSession(
    token_endpoint=metadata["token_endpoint"],
    issuer=os.environ["CLIENT_ID"],
    subject=None,
    audience=metadata["issuer"],
    grant_type=AssertionSession.JWT_BEARER_GRANT_TYPE,
    claims={"scope": os.environ["SCOPE"], "resource": os.environ["RESOURCE"]},
    header={"alg": "RS256", "kid": key["kid"]},
    key=key,
    expires_in=120,
)
session.refresh_token()
answer = session.token
assert answer["token_type"] == "Bearer", answer
assert 0 < answer["expires_in"] <= 120, answer

keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
token = jwt.decode(answer["access_token"], keys, algorithms=["RS256"])
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": os.environ["RESOURCE"]},
    exp={"essential": True},
).validate(token.claims)
print(json.dumps(token.claims))
