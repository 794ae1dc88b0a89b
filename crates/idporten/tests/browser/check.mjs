// Looks at every page as people do: in four languages, light and dark, on a phone and on a desktop,
// with a keyboard alone, and without JavaScript. Prints what is wrong; exit code 1 if anything is.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { axe, faultsOfAxe, launch, watchedPage } from "./chromium.mjs";

const base = process.env.BASE_URL;
const other = process.env.OTHER_ORIGIN;
const screenshots = process.env.SCREENSHOTS;
const languages = ["nb", "nn", "en", "se"];
const sizes = { phone: { width: 320, height: 640 }, desktop: { width: 1280, height: 860 } };

const faults = [];
const expect = (holds, what) => {
  if (!holds) faults.push(what);
};
const expectEqual = (found, wanted, what) => {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  expect(a === b, `${what}: ${a}, not ${b}`);
};

const browser = await launch();

// A page that reports whatever goes wrong on it.
const openPage = (context, where) => {
  const isOurs = (url) => {
    const service = url.origin === other && /^\/(callback|frontchannel|framed)/.test(url.pathname);
    return url.origin === base || service;
  };
  return watchedPage(context, { isOurs, report: (what) => faults.push(`${where()}: ${what}`) });
};

// Two pages leave on their own. To be looked at, they are kept from it.
const stay = async (page) => {
  await page.route("**/form-post", async (route) => {
    const response = await route.fetch();
    const html = await response.text();
    await route.fulfill({ response, body: html.replace(/<script nonce.*<\/script>/, "") });
  });
  await page.route("**/assets/logout.*", (route) => route.fulfill({ body: "" }));
};

const received = async (page) => {
  await page.waitForFunction(() => document.title === "received");
  return page.locator("pre").innerText();
};

const { pages, similar, payloads } = await (await fetch(`${base}/pages.json`)).json();
rmSync(screenshots, { recursive: true, force: true });
mkdirSync(screenshots, { recursive: true });

// --- what pages look like ------------------------------------------------------------------------

const examine = async (page, where) => {
  faults.push(...(await faultsOfAxe(page)).map((fault) => `${where}: ${fault}`));
  await measure(page, where);
};

const measure = async (page, where) => {
  const tooWide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? scrollWidth : 0;
  });
  expect(!tooWide, `${where}: is ${tooWide} pixels wide`);
};

// Text as WCAG 1.4.12 lets people space it. A style sheet of the page could not be added, for its policy.
const space = (page) =>
  page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
      p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
    const cut = [...document.querySelectorAll("button, a, label, h1")].filter(
      (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1,
    );
    return cut.map((element) => element.textContent.trim());
  });

const look = async (language) => {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  let where = "";
  const page = await openPage(context, () => where);
  await stay(page);
  for (const name of language === "nb" ? [...pages, ...similar] : pages) {
    where = `${language}/${name}`;
    await page.goto(`${base}/${where}`);
    await page.evaluate(axe);
    await page.evaluate(() => document.fonts.ready);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        await examine(page, `${where}, ${scheme}, ${size}`);
        if (language === "nb" || (scheme === "light" && size === "desktop")) {
          const file = `${name}-${language}-${scheme}-${size}.png`;
          await page.screenshot({ path: join(screenshots, file), fullPage: true });
        }
      }
    }
    await page.setViewportSize(sizes.phone);
    expectEqual(await space(page), [], `${where}: cut off when spaced`);
    await measure(page, `${where}, spaced`);
  }
  await context.close();
};

// --- a keyboard alone ----------------------------------------------------------------------------

const walk = async () => {
  const context = await browser.newContext({ viewport: sizes.phone, reducedMotion: "reduce" });
  let where = "";
  const page = await openPage(context, () => where);
  await stay(page);
  for (const name of pages) {
    where = `keyboard/${name}`;
    await page.goto(`${base}/en/${name}`);
    const wanted = await page.evaluate(() => {
      const groups = new Set();
      const reachable = [...document.querySelectorAll("a[href], button, input, select, summary")];
      return reachable.filter((element) => {
        if (element.type === "hidden" || element.tabIndex < 0) return false;
        if (element.type !== "radio") return true;
        const first = !groups.has(element.name);
        groups.add(element.name);
        return first;
      }).length;
    });
    // A summary of errors takes the focus; the walk begins at the top.
    await page.evaluate(() => {
      const top = document.createElement("span");
      top.tabIndex = -1;
      document.body.prepend(top);
      top.focus();
    });
    const walked = [];
    for (let step = 0; step < wanted; step += 1) {
      await page.keyboard.press("Tab");
      walked.push(
        await page.evaluate(() => {
          const element = document.activeElement;
          const marked = [element, element.closest(".ds-field")].some((candidate) => {
            const style = candidate && getComputedStyle(candidate);
            return style && (style.outlineStyle !== "none" || style.boxShadow !== "none");
          });
          const skips = element.classList.contains("ds-skip-link");
          const { top, bottom, width } = element.getBoundingClientRect();
          const seen = width > 1 && bottom > 0 && top < innerHeight;
          const label = element.id || element.textContent.trim().slice(0, 60);
          return { label, marked: marked || skips, seen };
        }),
      );
    }
    expect(walked[0]?.label === "Skip to the content", `${where}: begins at ${walked[0]?.label}`);
    const labels = walked.map(({ label }) => label);
    expect(new Set(labels).size === wanted, `${where}: ${wanted} to reach, reached ${labels}`);
    for (const { label, marked, seen } of walked) {
      expect(marked, `${where}: the focus on ${label} cannot be seen`);
      expect(seen, `${where}: ${label} has the focus out of sight`);
    }
  }
  await page.goto(`${base}/en/consent`);
  await page.keyboard.press("Enter");
  expectEqual(new URL(page.url()).pathname, "/en/consent", "enter on the consent dialogue");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expectEqual(await page.evaluate(() => document.activeElement.id), "main", "the skip link");
  await context.close();
};

// --- without JavaScript --------------------------------------------------------------------------

const withoutScripts = async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  let where = "without scripts";
  const page = await openPage(context, () => where);
  const refreshed = await openPage(context, () => "without scripts/logout-progress");
  await refreshed.goto(`${base}/nb/logout-progress`);

  const answer = async (name, act, wanted) => {
    where = `without scripts/${name}`;
    await page.goto(`${base}/nb/${name}`);
    await act();
    await page.waitForURL((url) => !url.pathname.startsWith("/nb/"));
    expectEqual(await page.locator("pre").innerText(), wanted, where);
  };
  const hidden = "txn=Zm9yIHRlc3RzIG9ubHk&csrf=Zm9yIHRlc3RzIG9ubHk";

  await answer(
    "testid",
    async () => {
      await page.fill("#pid", "21917299811");
      await page.check("#level-high");
      await page.press("#pid", "Enter");
    },
    `POST /login/testid ${hidden}&person=&pid=21917299811&level=high&action=login`,
  );
  await answer(
    "testid",
    async () => {
      await page.selectOption("#person", "17869010057");
      await page.click("#action-login");
    },
    `POST /login/testid ${hidden}&person=17869010057&pid=&level=substantial&action=login`,
  );
  await answer(
    "eidas-country",
    async () => {
      await page.selectOption("#country", "EL");
      await page.click("#action-country");
    },
    `POST /login/eidas ${hidden}&country=EL&action=country`,
  );
  await answer(
    "consent",
    () => page.click("#action-accept"),
    `POST /consent ${hidden}&action=accept`,
  );
  await answer(
    "form-post",
    () => page.click("#response button"),
    "POST /callback code=Y29kZQ&iss=https%3A%2F%2Flogin.eksempel.no&state=a+b%26c%3Dd",
  );
  await answer("logout-progress", () => page.click("#continue"), "GET /callback ");
  await answer(
    "selector",
    () => page.click("#action-cancel"),
    "GET /callback?error=access_denied ",
  );
  await answer(
    "selector",
    () => page.getByRole("link", { name: "Davvisámegiella" }).click(),
    "GET /login?txn=1&lang=se ",
  );
  await refreshed.waitForURL(`${other}/callback`);
  await context.close();
};

// --- with JavaScript -----------------------------------------------------------------------------

const withScripts = async () => {
  const context = await browser.newContext();
  let where = "with scripts";
  const page = await openPage(context, () => where);
  const focused = () => page.evaluate(() => document.activeElement.className);

  for (const name of ["testid-format", "eidas-country-error", "eidas-login-errors"]) {
    await page.goto(`${base}/nb/${name}`);
    // The page's scripts may still be at work when it has loaded.
    const moved = () => document.activeElement.className === "ds-error-summary";
    await page.waitForFunction(moved, undefined, { timeout: 10_000 }).catch(() => undefined);
    expectEqual(await focused(), "ds-error-summary", `${name}: the focus`);
  }
  await page.goto(`${base}/nb/testid`);
  await page.selectOption("#person", "17869010057");
  expectEqual(await page.inputValue("#pid"), "17869010057", "the number of the person chosen");
  await page.fill("#pid", "2");
  expectEqual(await page.inputValue("#person"), "", "the choice after a number is entered");

  where = "the list of countries";
  await page.goto(`${base}/nb/eidas-country`);
  const search = page.getByRole("combobox", { name: "Velg land" });
  await search.pressSequentially("østerr");
  expectEqual(await page.getByRole("option").allInnerTexts(), ["Østerrike"], where);
  expectEqual(await page.getByRole("status").innerText(), "1 land", where);
  await page.evaluate(axe);
  await examine(page, where);
  await page.screenshot({ path: join(screenshots, "eidas-country-open-nb-light-desktop.png") });
  await search.press("Escape");
  expectEqual(await page.getByRole("option").count(), 0, `${where} after escape`);
  await search.fill("ikke noe land");
  expectEqual(await page.getByRole("status").innerText(), "Fant ingen land", where);
  await search.fill("tsj");
  await search.press("ArrowDown");
  await search.press("Enter");
  expectEqual(await search.inputValue(), "Tsjekkia", where);
  await search.press("Enter");
  const hidden = "txn=Zm9yIHRlc3RzIG9ubHk&csrf=Zm9yIHRlc3RzIG9ubHk";
  expectEqual(await received(page), `POST /login/eidas ${hidden}&country=CZ&action=country`, where);

  where = "the form that sends itself";
  await page.goto(`${base}/nb/form-post`);
  const response = "code=Y29kZQ&iss=https%3A%2F%2Flogin.eksempel.no&state=a+b%26c%3Dd";
  expectEqual(await received(page), `POST /callback ${response}`, where);

  where = "a logout that everybody hears of";
  await page.clock.install();
  await page.goto(`${base}/nb/logout-progress`);
  expectEqual(await received(page), "GET /callback ", where);

  where = "a logout that somebody does not hear of";
  await page.route(`${other}/frontchannel/2*`, () => {});
  await page.goto(`${base}/nb/logout-progress`, { waitUntil: "domcontentloaded" });
  await page.clock.fastForward(4900);
  expectEqual(new URL(page.url()).pathname, "/nb/logout-progress", where);
  await page.clock.fastForward(200);
  expectEqual(await received(page), "GET /callback ", where);
  await context.close();
};

// --- attacks -------------------------------------------------------------------------------------

const attack = async () => {
  const context = await browser.newContext();
  let where = "";
  const page = await openPage(context, () => where);
  await stay(page);
  // One page for each template that shows what others wrote.
  const shown = [
    "selector",
    "testid-format",
    "eidas-login-errors",
    "consent",
    "form-post",
    "logout-progress",
    "logged-out",
    "error-expired",
  ];
  for (let payload = 0; payload < payloads; payload += 1) {
    for (const name of shown) {
      where = `payload ${payload}/${name}`;
      await page.goto(`${base}/hostile-${payload}/${name}`);
    }
  }

  const framing = await context.newPage();
  await framing.goto(`${other}/framed?${base}/nb/consent`);
  const texts = await Promise.all(framing.frames().map((frame) => frame.content()));
  expect(!texts.some((text) => text.includes("action-accept")), "the consent dialogue is framed");
  await context.close();
};

const started = performance.now();
const finish = (code) => {
  for (const fault of faults) console.error(fault);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${pages.length + similar.length} pages in ${seconds} s, ${faults.length} faults, ${screenshots}`);
  process.exit(code);
};
setTimeout(() => {
  faults.push("the browser did not finish within five minutes");
  finish(1);
}, 300_000);
const looks = languages.map((language) => () => look(language));
const parts = [withoutScripts, ...looks, walk, withScripts, attack];
const work = async () => {
  for (let part = parts.shift(); part; part = parts.shift()) {
    await part().catch((error) => faults.push(error.message));
  }
};
// As many at once as small machines have cores.
await Promise.all([work(), work()]);
await browser.close();
finish(faults.length ? 1 : 0);
