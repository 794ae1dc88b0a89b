"""A relying party made with Authlib: it registers itself over the self-service API, as an operator of a
platform does, and then logs a person in, asks for all there is to ask, and logs them out.

Reads ISSUER, SELFSERVICE and TOKEN (for idporten:dcr.write), API_CLIENT and API_KEY_FILE (who introspects
API_SCOPE) and CLOCK (the address that moves the server's clock) from the environment. Prints what was learned
as JSON.
"""

import base64
import datetime
import html
import http.server
import json
import os
import re
import threading
import time
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER, SELFSERVICE = os.environ["ISSUER"], os.environ["SELFSERVICE"]
API_CLIENT, API_SCOPE = os.environ["API_CLIENT"], os.environ["API_SCOPE"]
PID, ACR = "17869010057", "idporten-loa-high"
SCOPE = f"openid profile {API_SCOPE}"


class Server(http.server.BaseHTTPRequestHandler):
    """The relying party's own server, which remembers how it was visited."""

    visits: dict[str, str] = {}

    def do_GET(self):
        self.visits[urlsplit(self.path).path] = self.path
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"thank you")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
origin = f"http://localhost:{server.server_port}"
callback, after = origin + "/callback", origin + "/after"


def received(path: str) -> tuple[str, dict[str, str]]:
    """What the browser brought to the relying party's own server: the address and its parameters."""
    visit = Server.visits[path]
    parameters = {name: value for name, [value] in parse_qs(urlsplit(visit).query).items()}
    return origin + visit, parameters


class Person:
    """Somebody who logs in by plain HTTP: cookies, redirects and the documented fields of the forms."""

    def __init__(self):
        self.browser = requests.Session()

    def visit(self, address: str) -> requests.Response:
        return self.browser.get(urljoin(ISSUER, address), timeout=10)

    def submit(self, page: requests.Response, target: str, **fields: str) -> requests.Response:
        for name in ["txn", "csrf"]:
            found = re.search(f'name="{name}" value="([^"]*)"', page.text)
            assert found, f"there is no field {name} at {page.url}: {page.text}"
            fields[name] = html.unescape(found[1])
        return self.browser.post(urljoin(ISSUER, target), data=fields, timeout=10)

    def log_in(self, selector: requests.Response, pid: str, level: str) -> requests.Response:
        link = re.search(r'href="(/login/testid\?[^"]*)"', selector.text)
        assert link, f"TestID is not offered at {selector.url}: {selector.text}"
        page = self.visit(html.unescape(link[1]))
        return self.submit(page, "/login/testid", pid=pid, level=level, action="login")


class Assertion(PrivateKeyJWT):
    """A client assertion as ID-porten wants it: for the issuer, and for two minutes at most."""

    def sign(self, auth, token_endpoint):
        self.claims = {"aud": ISSUER, "exp": int(time.time()) + 30}
        return super().sign(auth, token_endpoint)


def session(client_id: str, key: RSAKey, **settings) -> OAuth2Session:
    made = OAuth2Session(
        client_id,
        key,
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
        default_timeout=10,
        **settings,
    )
    made.register_client_auth_method(Assertion(headers={"kid": key.kid}))
    return made


def register(path: str, body: dict) -> dict:
    headers = {"Authorization": "Bearer " + os.environ["TOKEN"]}
    answer = requests.post(SELFSERVICE + path, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


# --- the server's keys: each with a certificate of its own ---------------------------------------------


def check_certificates(key_set: dict) -> None:
    """Whether `x5c` holds the same key as the JWK, signed by that key and named after the issuer."""
    for jwk in key_set["keys"]:
        [der] = map(base64.b64decode, jwk["x5c"])
        certificate = x509.load_der_x509_certificate(der)
        assert certificate.public_key() == RSAKey.import_key(jwk).public_key, jwk["kid"]
        certificate.verify_directly_issued_by(certificate)
        [name] = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert name.value == urlsplit(ISSUER).hostname, name
        end = certificate.not_valid_after_utc - datetime.timedelta(days=30)
        assert certificate.not_valid_before_utc < datetime.datetime.now(datetime.timezone.utc) < end
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature


# --- registration, discovery --------------------------------------------------------------------------

key = RSAKey.generate_key(2048, {"kid": "authlib-1", "use": "sig", "alg": "RS256"})
client_id = register(
    "/clients",
    {
        "client_name": "Authlib",
        "integration_type": "api_klient",
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": SCOPE.split(),
        "redirect_uris": [callback],
        "post_logout_redirect_uris": [after],
        "frontchannel_logout_uri": origin + "/logout",
        "frontchannel_logout_session_required": True,
    },
)["client_id"]
register(f"/clients/{client_id}/jwks", {"keys": [key.as_dict(private=False)]})

metadata = requests.get(ISSUER + "/.well-known/openid-configuration", timeout=10).json()
assert metadata["issuer"] == ISSUER
key_set = requests.get(metadata["jwks_uri"], timeout=10).json()
check_certificates(key_set)
keys = KeySet.import_key_set(key_set)


def validated(id_token: str, **params: str) -> CodeIDToken:
    token = jwt.decode(id_token, keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    options = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": client_id},
        "acr": {"essential": True},
    }
    params["client_id"] = client_id
    claims = CodeIDToken(token.claims, token.header, options, params)
    claims.validate(leeway=5)
    return claims


# --- logging in: the request is pushed, and the browser carries a reference to it ---------------------

relying_party = session(
    client_id,
    key,
    redirect_uri=callback,
    scope=SCOPE,
    code_challenge_method="S256",
    token_endpoint=metadata["token_endpoint"],
)
verifier, nonce = "v" * 43, "authlib-nonce"
url, state = relying_party.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, acr_values=ACR, ui_locales="en"
)
pushed = requests.post(
    metadata["pushed_authorization_request_endpoint"],
    data={name: value for name, [value] in parse_qs(urlsplit(url).query).items()},
    auth=relying_party.client_auth("private_key_jwt"),
    timeout=10,
)
assert pushed.status_code == 201, pushed.text
reference = {"client_id": client_id, "request_uri": pushed.json()["request_uri"]}

person = Person()
selector = person.visit(metadata["authorization_endpoint"] + "?" + urlencode(reference))
person.submit(person.log_in(selector, PID, "high"), "/consent", action="accept")
answer, parameters = received("/callback")
assert parameters["iss"] == ISSUER, parameters
tokens = relying_party.fetch_token(authorization_response=answer, state=state, code_verifier=verifier)
assert tokens["token_type"] == "Bearer" and tokens["scope"] == SCOPE, tokens
claims = validated(tokens["id_token"], nonce=nonce)
assert (claims["acr"], claims["pid"], claims["locale"]) == (ACR, PID, "en"), claims

userinfo = relying_party.get(metadata["userinfo_endpoint"]).json()
assert userinfo == {"sub": claims["sub"], "pid": PID, "locale": "en"}, userinfo

# --- the API asks who it is ---------------------------------------------------------------------------

with open(os.environ["API_KEY_FILE"], encoding="utf-8") as file:
    api = session(API_CLIENT, RSAKey.import_key(json.load(file)))


def introspect(token: str) -> dict:
    return api.introspect_token(metadata["introspection_endpoint"], token=token).json()


introspected = introspect(tokens["access_token"])
assert introspected["active"] and introspected["scope"] == API_SCOPE, introspected
assert (introspected["pid"], introspected["sub"]) == (PID, claims["sub"]), introspected

# --- refreshing, and once more with what was replaced -------------------------------------------------

moved = requests.put(os.environ["CLOCK"], json={"advance_seconds": 2}, timeout=10)
assert moved.ok, moved.text
renewed = relying_party.refresh_token(refresh_token=tokens["refresh_token"])
assert renewed["refresh_token"] != tokens["refresh_token"]
again = validated(renewed["id_token"])
for claim in ["sub", "auth_time", "sid", "acr", "amr"]:
    assert again[claim] == claims[claim], claim
assert again["iat"] > claims["iat"] and "nonce" not in again, again

try:
    relying_party.refresh_token(refresh_token=tokens["refresh_token"])
    raise AssertionError("a refresh token was accepted twice")
except OAuthError as error:
    assert error.error == "invalid_grant", error
assert introspect(renewed["access_token"]) == {"active": False}

# --- single sign-on at the next login, revoked before it is logged out --------------------------------

verifier = "w" * 43
url, state = relying_party.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, scope="openid", nonce="n2"
)
person.visit(url)
federated = relying_party.fetch_token(
    authorization_response=received("/callback")[0], state=state, code_verifier=verifier
)
assert validated(federated["id_token"], nonce="n2")["auth_time"] == claims["auth_time"]
revoked = relying_party.revoke_token(metadata["revocation_endpoint"], token=federated["refresh_token"])
assert revoked.status_code == 200, revoked.text
answer = requests.get(
    metadata["userinfo_endpoint"],
    headers={"Authorization": "Bearer " + federated["access_token"]},
    timeout=10,
)
assert answer.status_code == 401, answer.text

# --- logging out --------------------------------------------------------------------------------------

end = {"id_token_hint": federated["id_token"], "post_logout_redirect_uri": after, "state": "a & b"}
goodbye = person.visit(metadata["end_session_endpoint"] + "?" + urlencode(end))
for frame in re.findall(r'<iframe [^>]*src="([^"]*)"', goodbye.text):
    person.visit(html.unescape(frame))
assert received("/logout")[1] == {"iss": ISSUER, "sid": claims["sid"]}
person.visit(html.unescape(re.search(r'id="continue" href="([^"]*)"', goodbye.text)[1]))
assert received("/after")[1] == {"state": "a & b"}

url, state = relying_party.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, prompt="none"
)
person.visit(url)
assert received("/callback")[1]["error"] == "login_required"
print(json.dumps({"client_id": client_id, **{name: claims[name] for name in ["sub", "acr", "amr"]}}))
