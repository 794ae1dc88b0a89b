// A service that people log in to: a page on an origin of its own that remembers how it was visited, and a
// public client that is registered over the self-service API.
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

const { ISSUER, SELFSERVICE, TOKEN } = process.env;

export const VERIFIER = "jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38";
export const CHALLENGE = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";

export class Service {
  #visits = [];

  static async start(name, registration = {}) {
    const service = new Service();
    service.name = name;
    const server = createServer(async (request, response) => {
      const url = new URL(request.url, service.origin);
      const sent = request.method === "POST" ? new URLSearchParams(await text(request)) : url.searchParams;
      service.#visits.push({ path: url.pathname, parameters: Object.fromEntries(sent) });
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(`<!doctype html><html lang="nb"><link rel="icon" href="data:,"><title>${name}</title>`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    service.origin = `http://localhost:${server.address().port}`;
    service.clientId = await service.#register(registration);
    return service;
  }

  async #register(registration) {
    const response = await fetch(`${SELFSERVICE}/clients`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({
        client_name: this.name,
        display_name: this.name,
        integration_type: "api_klient",
        application_type: "browser",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        scopes: ["openid", "profile"],
        redirect_uris: [`${this.origin}/callback`],
        post_logout_redirect_uris: [`${this.origin}/after`],
        frontchannel_logout_uri: `${this.origin}/logout`,
        frontchannel_logout_session_required: true,
        ...registration,
      }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${this.name} is not registered: ${answer}`);
    return JSON.parse(answer).client_id;
  }

  // The parameters of the last visit to a path.
  latest(path) {
    const visit = this.#visits.findLast((candidate) => candidate.path === path);
    if (!visit) throw new Error(`nobody came to ${this.origin}${path}`);
    return visit.parameters;
  }

  // Redeems a code from the service's own server, and answers with the id token.
  async redeem(code) {
    const form = {
      grant_type: "authorization_code",
      client_id: this.clientId,
      redirect_uri: `${this.origin}/callback`,
      code,
      code_verifier: VERIFIER,
    };
    const response = await fetch(`${ISSUER}/token`, { method: "POST", body: new URLSearchParams(form) });
    const { id_token: idToken } = await response.json();
    this.sid = JSON.parse(Buffer.from(idToken.split(".")[1], "base64url")).sid;
    return idToken;
  }
}
