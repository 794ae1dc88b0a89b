//! `docs/login-errors.md` is written from the table of refusals.

use std::fmt::Write as _;
use std::path::Path;

use portvakt_core::login::refusal::{LoginRefusalCode, Shown};

#[test]
fn the_errors_page_follows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/login-errors.md");
    let expected = errors_page();
    if std::env::var_os("PORTVAKT_BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "docs/login-errors.md differs from the table: run make docs"
    );
}

fn errors_page() -> String {
    let mut page = "# Errors of the login surface\n\n\
        Generated from the table of refusals by `make docs`; a test fails when it differs from it.\n\n\
        A refusal that is shown to the *client* travels in the redirect of the authorization endpoint, as `error` and\n\
        `error_description` beside `iss` and `state`; where the client asked directly, it is JSON with the status below. One that is\n\
        shown on a *page* is told to the person, because there is no address of the client that could be trusted. The description\n\
        begins with the text below and may say more: match on `error`. Every answer has `X-Request-Id`, which is in the log with\n\
        what exactly was wrong. Answers with status 429 and 503 carry `Retry-After`.\n"
        .to_owned();
    for code in LoginRefusalCode::ALL {
        let row = code.row();
        let shown = match row.shown {
            Shown::Page => "page",
            Shown::Client => "client",
            Shown::Json => "JSON",
        };
        let _ = write!(
            page,
            "\n## {}\n\n| shown | HTTP status | `error` |\n| --- | --- | --- |\n| {shown} | {} | `{}` |\n\n\
             Description: “{}”\n\nWhen: {}\n\nWhat to do: {}\n",
            code.name(),
            row.http_status,
            row.error.as_str(),
            row.text,
            row.raised_when,
            row.next_step,
        );
    }
    page
}
