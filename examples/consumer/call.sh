#!/usr/bin/env bash
# Gets a token with nothing but the variables that are injected, and calls the API with it.
set -euo pipefail

TOKEN=$(portvakt token --issuer "$MASKINPORTEN_ISSUER" --client "$MASKINPORTEN_CLIENT_ID" \
  --key <(printf '%s' "$MASKINPORTEN_CLIENT_JWK") --scope "$MASKINPORTEN_SCOPES")
curl --fail-with-body -sS "http://localhost:${API_PORT:-8080}/" -H "Authorization: Bearer $TOKEN"
