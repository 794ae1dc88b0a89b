// Gets a token with oauth4webapi, as any JavaScript client would, and verifies it with jose.
//
// Reads ISSUER, CLIENT_ID, KEY_FILE (a private JWK), SCOPE and RESOURCE from the environment and
// prints the verified claims as JSON.

import { webcrypto } from 'node:crypto'
import { readFile } from 'node:fs/promises'

// Node.js 18, which Debian 12 has, knows Web Crypto but not under its global names; the libraries
// look there as soon as they are loaded.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
const jose = await import('jose')
const oauth = await import('oauth4webapi')

const { ISSUER, CLIENT_ID, KEY_FILE, SCOPE, RESOURCE } = process.env
const insecure = { [oauth.allowInsecureRequests]: true }

const issuer = new URL(ISSUER)
const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
const server = await oauth.processDiscoveryResponse(issuer, discovery)

const jwk = JSON.parse(await readFile(KEY_FILE, 'utf8'))
const assertion = await new jose.SignJWT({ scope: SCOPE, resource: RESOURCE })
  .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
  .setIssuer(CLIENT_ID)
  .setAudience(server.issuer)
  .setIssuedAt()
  .setExpirationTime('100s')
  .setJti(crypto.randomUUID())
  .sign(await jose.importJWK(jwk, 'RS256'))

const client = { client_id: CLIENT_ID }
const response = await oauth.genericTokenEndpointRequest(
  server,
  client,
  oauth.None(),
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  new URLSearchParams({ assertion }),
  insecure,
)
const answer = await oauth.processGenericTokenEndpointResponse(server, client, response)

const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri))
const { payload } = await jose.jwtVerify(answer.access_token, keys, {
  issuer: server.issuer,
  audience: RESOURCE,
  algorithms: ['RS256'],
})
console.log(JSON.stringify(payload))
