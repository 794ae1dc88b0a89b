// A headless Chromium, and pages in it that tell whatever goes wrong on them.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

// To be evaluated in a page, which then has `axe`.
export const axe = createRequire(import.meta.url)("axe-core").source;

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const findChromium = () => {
  const names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
  const folders = process.env.PATH.split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (!found) {
    console.error("there is no Chromium on this machine: run scripts/setup.sh test");
    process.exit(1);
  }
  return found;
};

export const launch = () =>
  chromium.launch({
    executablePath: findChromium(),
    // It sees nothing but our own pages, and neither root nor every container can have the sandbox.
    chromiumSandbox: false,
    args: ["--disable-quic", "--disable-gpu"],
  });

// A page that reports scripts that run or fail, whatever its policy of content refuses, and requests for
// addresses that `isOurs` does not know.
export const watchedPage = async (context, { isOurs, report }) => {
  const page = await context.newPage();
  // Long, because the machine may be busy; nothing waits for it when all is well.
  page.setDefaultTimeout(90_000);
  page.on("dialog", (dialog) => {
    report(`a script ran: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => report(`a script failed: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") report(message.text());
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && !isOurs(url)) report(`asks ${url.origin}`);
  });
  return page;
};

// What axe finds wrong with a page that `axe` was evaluated in.
export const faultsOfAxe = async (page) => {
  const { violations } = await page.evaluate(
    (tags) => axe.run(document, { runOnly: tags, resultTypes: ["violations"], iframes: false }),
    standards,
  );
  return violations.map(({ id, help, nodes }) => {
    const elements = nodes.map((node) => `    ${node.html}\n      ${node.failureSummary}`);
    return `${id}, ${help}\n${elements.join("\n")}`;
  });
};
