// A relying party made with openid-client: it registers itself over the self-service API, as an operator of
// a platform does, and then logs a person in, asks for all there is to ask, and logs them out.
//
// Reads ISSUER, SELFSERVICE and TOKEN (for idporten:dcr.write), API_CLIENT and API_KEY_FILE (who introspects
// API_SCOPE) and CLOCK (the address that moves the server's clock) from the environment. Prints what was
// learned as JSON.

import assert from 'node:assert/strict'
import { X509Certificate, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Person, frames, onward } from './person.mjs'

// Node.js 18, which Debian 12 has, knows Web Crypto but not under its global names; the libraries
// look there as soon as they are loaded.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
const jose = await import('jose')
const oidc = await import('openid-client')

const { ISSUER, SELFSERVICE, TOKEN, API_CLIENT, API_KEY_FILE, API_SCOPE, CLOCK } = process.env
const PID = '17869010057'
const ACR = 'idporten-loa-high'

// --- the relying party's own server ---------------------------------------------------------------

const visits = []
const server = createServer((request, response) => {
  visits.push(new URL(request.url, origin))
  response.end('thank you')
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://localhost:${server.address().port}`
const [callback, after, frontchannel] = ['/callback', '/after', '/logout'].map((path) => origin + path)

// --- its registration -----------------------------------------------------------------------------

const register = async (path, body) => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const response = await fetch(SELFSERVICE + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await response.text()
  assert(response.ok, text)
  return JSON.parse(text)
}
const { publicKey, privateKey } = await jose.generateKeyPair('RS256')
const kid = 'openid-client-1'
const { client_id: clientId } = await register('/clients', {
  client_name: 'openid-client',
  integration_type: 'api_klient',
  application_type: 'web',
  token_endpoint_auth_method: 'private_key_jwt',
  grant_types: ['authorization_code', 'refresh_token'],
  scopes: ['openid', 'profile', API_SCOPE],
  redirect_uris: [callback],
  post_logout_redirect_uris: [after],
  frontchannel_logout_uri: frontchannel,
  frontchannel_logout_session_required: true,
})
await register(`/clients/${clientId}/jwks`, {
  keys: [{ ...(await jose.exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }],
})

// --- discovery ------------------------------------------------------------------------------------

const discover = async (id, authentication) => {
  const config = await oidc.discovery(new URL(ISSUER), id, undefined, authentication, {
    execute: [oidc.allowInsecureRequests],
  })
  // Signatures of id tokens are verified too, not their connection alone.
  oidc.enableNonRepudiationChecks(config)
  return config
}
const config = await discover(clientId, oidc.PrivateKeyJwt({ key: privateKey, kid }))
const metadata = config.serverMetadata()
assert.equal(metadata.issuer, ISSUER)
const provider = new URL(metadata.authorization_endpoint).origin

// --- the server's keys: each with a certificate of its own ------------------------------------------

const keySet = await (await fetch(metadata.jwks_uri)).json()
for (const jwk of keySet.keys) {
  assert.equal(jwk.x5c.length, 1)
  const pem = `-----BEGIN CERTIFICATE-----\n${jwk.x5c[0]}\n-----END CERTIFICATE-----`
  const certified = await jose.exportJWK(await jose.importX509(pem, jwk.alg, { extractable: true }))
  assert.deepEqual([certified.n, certified.e], [jwk.n, jwk.e])
  const certificate = new X509Certificate(Buffer.from(jwk.x5c[0], 'base64'))
  assert(certificate.verify(certificate.publicKey))
  assert.equal(certificate.subject, `CN=${new URL(ISSUER).hostname}`)
}

// --- logging in -----------------------------------------------------------------------------------

const begin = async (parameters) => {
  const [codeVerifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()]
  const request = {
    redirect_uri: callback,
    code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  }
  const checks = { pkceCodeVerifier: codeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  return { request, checks }
}
// What the browser brings to the relying party's own server.
const received = (path) => {
  const position = visits.findIndex(({ pathname }) => pathname === path)
  assert(position >= 0, `nobody came to ${path}`)
  return visits.splice(position, 1)[0]
}

const person = new Person(provider)
const login = await begin({ scope: `openid profile ${API_SCOPE}`, acr_values: ACR, ui_locales: 'nn nb' })
const address = await oidc.buildAuthorizationUrlWithPAR(config, login.request)
assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri'])
const dialogue = await person.logIn(await person.visit(address), { pid: PID, level: 'high' })
await person.answerConsent(dialogue, 'accept')
const tokens = await oidc.authorizationCodeGrant(config, received('/callback'), login.checks)
const claims = tokens.claims()
assert.equal(claims.acr, ACR)
assert.equal(claims.pid, PID)
assert.equal(claims.locale, 'nn')
assert.equal(tokens.scope, `openid profile ${API_SCOPE}`)

const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
assert.equal(userinfo.pid, PID)

// --- the API asks who it is -----------------------------------------------------------------------

const apiKey = JSON.parse(await readFile(API_KEY_FILE, 'utf8'))
const imported = await jose.importJWK(apiKey, 'RS256')
const api = await discover(API_CLIENT, oidc.PrivateKeyJwt({ key: imported, kid: apiKey.kid }))
const introspected = await oidc.tokenIntrospection(api, tokens.access_token)
assert.equal(introspected.active, true)
assert.equal(introspected.scope, API_SCOPE)
assert.equal(introspected.pid, PID)
assert.equal(introspected.sub, claims.sub)

// --- refreshing -----------------------------------------------------------------------------------

const moved = await fetch(CLOCK, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ advance_seconds: 2 }),
})
assert(moved.ok, await moved.text())
const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(renewed.refresh_token, tokens.refresh_token)
assert.equal(renewed.claims().sub, claims.sub)
assert.equal(renewed.claims().auth_time, claims.auth_time)
assert(renewed.claims().iat > claims.iat)

// --- asking again: a signed request that is pushed, a signed answer, and no page ------------------

const silent = await begin({ scope: 'openid', prompt: 'none' })
const signed = await discover(clientId, oidc.PrivateKeyJwt({ key: privateKey, kid }))
oidc.useJwtResponseMode(signed)
const object = await oidc.buildAuthorizationUrlWithJAR(signed, silent.request, { key: privateKey, kid })
await person.visit(await oidc.buildAuthorizationUrlWithPAR(signed, object.searchParams))
const answer = received('/callback')
assert.deepEqual([...answer.searchParams.keys()], ['response'])
const federated = await oidc.authorizationCodeGrant(signed, answer, silent.checks)
assert.equal(federated.claims().auth_time, claims.auth_time)
assert.equal(federated.claims().sid, claims.sid)

// --- a token that counts with a key alone ---------------------------------------------------------

const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
const holding = await begin({ scope: 'openid profile', prompt: 'none' })
await person.visit(await oidc.buildAuthorizationUrlWithPAR(config, holding.request, { DPoP }))
const held = await oidc.authorizationCodeGrant(config, received('/callback'), holding.checks, undefined, { DPoP })
assert.equal(held.token_type, 'dpop')
assert.equal((await oidc.fetchUserInfo(config, held.access_token, claims.sub, { DPoP })).pid, PID)
const stolen = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${held.access_token}` } })
assert.equal(stolen.status, 401)

// --- revoking -------------------------------------------------------------------------------------

await oidc.tokenRevocation(config, renewed.refresh_token)
assert.equal((await oidc.tokenIntrospection(api, renewed.access_token)).active, false)
const refused = (error) => error.status === 401 || error.cause?.[0]?.parameters?.error === 'invalid_token'
await assert.rejects(oidc.fetchUserInfo(config, renewed.access_token, claims.sub), refused)
await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' })

// --- logging out ----------------------------------------------------------------------------------

const end = oidc.buildEndSessionUrl(config, {
  id_token_hint: federated.id_token,
  post_logout_redirect_uri: after,
  state: 'a & b',
})
const goodbye = await person.visit(end)
for (const frame of frames(goodbye)) await person.visit(frame)
const notified = received('/logout').searchParams
assert.deepEqual([notified.get('iss'), notified.get('sid')], [ISSUER, claims.sid])
await person.visit(onward(goodbye))
assert.equal(received('/after').searchParams.get('state'), 'a & b')

const late = await begin({ scope: 'openid', prompt: 'none' })
await person.visit(oidc.buildAuthorizationUrl(config, late.request))
await assert.rejects(oidc.authorizationCodeGrant(config, received('/callback'), late.checks), {
  error: 'login_required',
})

server.close()
console.log(JSON.stringify({ client_id: clientId, sub: claims.sub, acr: claims.acr, amr: claims.amr }))
process.exit(0)
