// Logs people in and out at a real server in a real browser, as services and as people see it. Prints what
// is wrong; exit code 1 if anything is.
//
// Reads ISSUER, SELFSERVICE, TOKEN (for idporten:dcr.write), CONSENTED (a scope that people are asked about),
// DEMONSTRATION (the development server's own relying party) and SCREENSHOTS from the environment.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { axe, faultsOfAxe, launch, watchedPage } from "./chromium.mjs";
import { CHALLENGE, Service, VERIFIER } from "./service.mjs";

const { ISSUER, CONSENTED, DEMONSTRATION, SCREENSHOTS } = process.env;
const person = { pid: "17869010057", level: "substantial" };
const sizes = { phone: { width: 320, height: 640 }, desktop: { width: 1280, height: 860 } };

const faults = [];
const expectEqual = (found, wanted, what) => {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  if (a !== b) faults.push(`${what}: ${a}, not ${b}`);
};

rmSync(SCREENSHOTS, { recursive: true, force: true });
mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await launch();

// Two services that share logins and want to hear of logouts, and one that shares with nobody.
const [first, second, isolated] = await Promise.all([
  Service.start("Havneportalen", { scopes: ["openid", "profile", CONSENTED] }),
  Service.start("Fiskerportalen"),
  Service.start("Arkivet", { sso_disabled: true }),
]);
const services = [first, second, isolated];

// A person with a browser of their own.
const newcomer = async (what, options = {}) => {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const app = DEMONSTRATION.replace("localhost", "127.0.0.1");
  const origins = [ISSUER, DEMONSTRATION, app, ...services.map(({ origin }) => origin)];
  const page = await watchedPage(context, {
    isOurs: (url) => origins.includes(url.origin),
    report: (fault) => faults.push(`${what}: ${fault}`),
  });
  const ask = (service, parameters) => page.goto(authorization(service, parameters));
  return { what, context, page, ask };
};

const authorization = (service, parameters = {}) => {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: service.clientId,
    redirect_uri: `${service.origin}/callback`,
    scope: "openid profile",
    state: "a b&c",
    nonce: "n1",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...parameters,
  });
  return `${ISSUER}/authorize?${query}`;
};

const pathOf = (page) => new URL(page.url()).pathname;
const isAt = (page, origin, path) => page.waitForURL((url) => url.origin === origin && url.pathname === path);

const logIn = async (page, { pid, level } = person) => {
  await page.click('a[href^="/login/testid"]');
  await page.fill("#pid", pid);
  await page.check(`#level-${level}`);
  await page.click("#action-login");
};

// What came back to the service that the browser has returned to. Its own page redeems the code, as a
// single-page application does: over CORS.
const tokensOf = async ({ page, what }, service) => {
  await isAt(page, service.origin, "/callback");
  const { code, state, iss, error } = service.latest("/callback");
  expectEqual([state, iss, error], ["a b&c", ISSUER, undefined], `${what}: the answer`);
  const form = {
    grant_type: "authorization_code",
    client_id: service.clientId,
    redirect_uri: `${service.origin}/callback`,
    code,
    code_verifier: VERIFIER,
  };
  const tokens = await page.evaluate(
    async ([issuer, body]) => {
      const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
      const response = await fetch(metadata.token_endpoint, {
        method: "POST",
        body: new URLSearchParams(body),
      });
      return response.json();
    },
    [ISSUER, form],
  );
  if (!tokens.id_token) throw new Error(`${what}: no tokens but ${JSON.stringify(tokens)}`);
  const claims = JSON.parse(Buffer.from(tokens.id_token.split(".")[1], "base64url"));
  service.sid = claims.sid;
  return { tokens, claims };
};

// --- in four languages, by keyboard alone, in light and dark, on a phone and on a desktop -----------

const tabTo = async (page, selector) => {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  throw new Error(`the tab key does not come to ${selector} at ${page.url()}`);
};

const press = async (page, selector) => {
  await tabTo(page, selector);
  await page.keyboard.press("Enter");
};

const byKeyboard = async (language, colorScheme, size) => {
  const somebody = await newcomer(`keyboard, ${language}`, { colorScheme, viewport: sizes[size] });
  const { page, ask, what } = somebody;
  const look = async (name) => {
    expectEqual(await page.evaluate(() => document.documentElement.lang), language, `${what}: ${name}`);
    await page.evaluate(axe);
    await page.evaluate(() => document.fonts.ready);
    faults.push(...(await faultsOfAxe(page)).map((fault) => `${what}: ${name}: ${fault}`));
    const file = `${name}-${language}-${colorScheme}-${size}.png`;
    await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
  };

  await ask(first, { scope: `openid profile ${CONSENTED}`, ui_locales: `fr ${language}` });
  await look("1-selector");
  await press(page, 'a[href^="/login/testid"]');
  await isAt(page, ISSUER, "/login/testid");
  await look("2-testid");
  await tabTo(page, "#pid");
  await page.keyboard.type(person.pid);
  await tabTo(page, "#level-substantial");
  await page.keyboard.press("ArrowDown");
  await press(page, "#action-login");
  await isAt(page, ISSUER, "/consent");
  await look("3-consent");
  await page.keyboard.press("Enter");
  expectEqual(pathOf(page), "/consent", `${what}: enter alone agrees to nothing`);
  await press(page, "#action-accept");
  const { tokens, claims } = await tokensOf(somebody, first);
  expectEqual(
    [claims.locale, claims.acr, tokens.scope],
    [language, "idporten-loa-high", `openid profile ${CONSENTED}`],
    what,
  );

  await page.goto(`${ISSUER}/logout?ui_locales=${language}`);
  await isAt(page, ISSUER, "/logout");
  await page.waitForSelector("#continue", { state: "detached" });
  await look("4-logged-out");
  await somebody.context.close();
};

// Whoever chooses a language has it everywhere from then on.
const choosingALanguage = async () => {
  const somebody = await newcomer("choosing a language");
  const { page, ask, what } = somebody;
  await ask(first, { ui_locales: "nb" });
  await page.getByRole("link", { name: "Davvisámegiella" }).click();
  await page.waitForFunction(() => document.documentElement.lang === "se");
  await logIn(page);
  const { claims } = await tokensOf(somebody, first);
  expectEqual(claims.locale, "se", what);
  await ask(second, { ui_locales: "en", prompt: "login" });
  expectEqual(await page.evaluate(() => document.documentElement.lang), "se", `${what}: the next service`);
  await somebody.context.close();
};

// --- what people answer ---------------------------------------------------------------------------

const refusing = async () => {
  const somebody = await newcomer("refusing");
  const { page, ask, what } = somebody;
  await ask(first, { scope: `openid ${CONSENTED}` });
  await logIn(page);
  await page.click("#action-decline");
  const { tokens } = await tokensOf(somebody, first);
  expectEqual(tokens.scope, "openid", `${what}: what is left`);

  // With nothing else asked for there is nothing left.
  await ask(first, { scope: CONSENTED });
  await page.click("#action-decline");
  await isAt(page, first.origin, "/callback");
  expectEqual(first.latest("/callback").error, "access_denied", what);

  await ask(second, { prompt: "login" });
  await page.click("#action-cancel");
  await isAt(page, second.origin, "/callback");
  expectEqual(second.latest("/callback").error, "access_denied", `${what}: cancelling`);
  await somebody.context.close();
};

const steppingUp = async () => {
  const somebody = await newcomer("stepping up");
  const { page, ask, what } = somebody;
  await ask(first, { acr_values: "idporten-loa-substantial" });
  await logIn(page);
  const low = (await tokensOf(somebody, first)).claims;
  expectEqual(low.acr, "idporten-loa-substantial", what);

  await ask(second, { acr_values: "idporten-loa-high" });
  expectEqual(pathOf(page), "/login", `${what}: the session does not suffice`);
  await page.click('a[href^="/login/testid"]');
  expectEqual(await page.locator('[name="level"]').count(), 1, `${what}: the levels that are offered`);
  await page.fill("#pid", person.pid);
  await page.click("#action-login");
  const high = (await tokensOf(somebody, second)).claims;
  expectEqual(high.acr, "idporten-loa-high", what);

  await ask(first, { acr_values: "idporten-loa-substantial" });
  const again = (await tokensOf(somebody, first)).claims;
  expectEqual(
    [again.acr, again.auth_time, again.sid],
    [high.acr, high.auth_time, low.sid],
    `${what}: it counts at the first service too`,
  );
  await somebody.context.close();
};

const beingIsolated = async () => {
  const somebody = await newcomer("isolated");
  const { page, ask, what } = somebody;
  await ask(first);
  await logIn(page);
  await tokensOf(somebody, first);
  await ask(isolated);
  expectEqual(pathOf(page), "/login", `${what}: another service's login does not count`);
  await logIn(page);
  await tokensOf(somebody, isolated);
  await ask(isolated);
  await tokensOf(somebody, isolated);
  await ask(second);
  await tokensOf(somebody, second);

  await page.goto(`${ISSUER}/logout?client_id=${isolated.clientId}`);
  await isAt(page, ISSUER, "/logout");
  for (const service of services) {
    await ask(service);
    expectEqual(pathOf(page), "/login", `${what}: the logout ends ${service.name}`);
  }
  await somebody.context.close();
};

// --- logging out ------------------------------------------------------------------------------------

const loggingOut = async (options) => {
  const withScripts = options.javaScriptEnabled !== false;
  const somebody = await newcomer(withScripts ? "logging out" : "without scripts", options);
  const { page, ask, what } = somebody;
  const responseMode = { response_mode: "form_post" };
  await ask(first, responseMode);
  await logIn(page);
  if (!withScripts) await page.click("#response button");
  await isAt(page, first.origin, "/callback");
  await ask(second, { scope: "openid" });
  await isAt(page, second.origin, "/callback");

  const idToken = await first.redeem(first.latest("/callback").code);
  await second.redeem(second.latest("/callback").code);
  const query = new URLSearchParams({
    id_token_hint: idToken,
    post_logout_redirect_uri: `${first.origin}/after`,
    state: "farvel & takk",
  });
  await page.goto(`${ISSUER}/logout?${query}`, { waitUntil: "commit" });
  // The frames may not have been asked for when a person goes on.
  if (!withScripts) {
    await page.waitForLoadState("load");
    await page.click("#continue");
  }
  await isAt(page, first.origin, "/after");
  expectEqual(first.latest("/after"), { state: "farvel & takk" }, `${what}: the return`);
  for (const service of [first, second]) {
    const heard = service.latest("/logout");
    expectEqual(heard, { iss: ISSUER, sid: service.sid }, `${what}: what ${service.name} hears`);
  }
  await ask(second);
  expectEqual(pathOf(page), "/login", `${what}: the session is over`);
  await somebody.context.close();
};

// A service's form is another site's, whose posts carry no session cookie.
const loggingOutByForm = async () => {
  const somebody = await newcomer("logging out by form");
  const { page, ask, what } = somebody;
  await ask(second);
  await logIn(page);
  const { tokens } = await tokensOf(somebody, second);
  await page.evaluate(
    ([action, hint]) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action });
      const field = { type: "hidden", name: "id_token_hint", value: hint };
      form.append(Object.assign(document.createElement("input"), field));
      document.body.append(form);
      form.submit();
    },
    [`${ISSUER}/logout`, tokens.id_token],
  );
  await isAt(page, ISSUER, "/logout");
  await page.waitForSelector("#continue", { state: "detached" });
  expectEqual(second.latest("/logout").sid, second.sid, what);
  await ask(second, { prompt: "none" });
  await isAt(page, second.origin, "/callback");
  expectEqual(second.latest("/callback").error, "login_required", `${what}: the session is over`);
  await somebody.context.close();
};

// --- the development server's own relying party -----------------------------------------------------

const demonstrating = async (party, options) => {
  const somebody = await newcomer(`demonstration, ${party}`, options);
  const { page, what } = somebody;
  const withScripts = options.javaScriptEnabled !== false;
  const look = async (name) => {
    if (withScripts) {
      await page.evaluate(axe);
      faults.push(...(await faultsOfAxe(page)).map((fault) => `${what}: ${name}: ${fault}`));
    }
    const file = `demonstration-${party}-${name}.png`;
    await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
  };
  const outcomes = async () => [await page.locator(".holds").count(), await page.locator(".fails").count()];
  const latest = () => page.locator(".steps > li").last().innerText();
  const act = async (name) => {
    await page.getByRole("button", { name }).click();
    await isAt(page, DEMONSTRATION, "/");
    return latest();
  };
  const backFromTheApp = async (path) => {
    await isAt(page, DEMONSTRATION.replace("localhost", "127.0.0.1"), path);
    await page.getByRole("link").click();
    await isAt(page, DEMONSTRATION, "/");
  };

  await page.goto(DEMONSTRATION);
  await look("1-begin");
  await page.selectOption(`#${party}-acr`, "high");
  await page.click(`#log-in-${party}`);
  await logIn(page, { ...person, level: "high" });
  if (party === "web") await page.click("#action-accept");
  if (party === "native") await backFromTheApp("/app");
  await isAt(page, DEMONSTRATION, "/");
  expectEqual(await outcomes(), [8, 0], `${what}: the checks of a relying party`);
  await look("2-logged-in");
  expectEqual((await act("Userinfo")).includes(person.pid), true, `${what}: userinfo`);
  expectEqual((await act("Refresh")).includes('"refresh_token"'), true, `${what}: refresh`);
  const active = party === "web";
  expectEqual((await act("Introspect")).includes(`"active": ${active}`), true, `${what}: introspection`);
  await act("Revoke");
  expectEqual((await act("Userinfo")).includes("invalid_token"), true, `${what}: after revocation`);
  await page.getByRole("button", { name: "Log out" }).click();
  if (!withScripts && party !== "native") await page.click("#continue");
  if (party === "native") await backFromTheApp("/after");
  await isAt(page, DEMONSTRATION, "/");
  expectEqual(await page.getByRole("button", { name: "Log out" }).count(), 0, `${what}: logged out`);
  const told = await page.getByRole("heading", { name: "Front-channel logout" }).count();
  expectEqual(told, party === "native" ? 0 : 1, `${what}: it hears of the logout`);
  await look("3-logged-out");
  await somebody.context.close();
};

const started = performance.now();
const finish = (code) => {
  for (const fault of faults) console.error(fault);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`logins in ${seconds} s, ${faults.length} faults, ${SCREENSHOTS}`);
  process.exit(code);
};
setTimeout(() => {
  faults.push("the browser did not finish within three minutes");
  finish(1);
}, 180_000);
// One after the other: each looks at what the services heard last.
const parts = [
  () => byKeyboard("nb", "light", "phone"),
  () => byKeyboard("nn", "dark", "desktop"),
  () => byKeyboard("en", "light", "desktop"),
  () => byKeyboard("se", "dark", "phone"),
  choosingALanguage,
  refusing,
  steppingUp,
  beingIsolated,
  () => loggingOut({}),
  () => loggingOut({ javaScriptEnabled: false }),
  loggingOutByForm,
  () => demonstrating("web", { colorScheme: "light", viewport: sizes.desktop }),
  () => demonstrating("browser", { colorScheme: "dark", viewport: sizes.phone }),
  () => demonstrating("native", { javaScriptEnabled: false }),
];
for (const part of parts) await part().catch((error) => faults.push(`${part.name}: ${error.stack}`));
await browser.close();
finish(faults.length ? 1 : 0);
