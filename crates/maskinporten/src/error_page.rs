//! `GET /errors/{code}`: where `error_uri` leads people.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use portvakt_core::refusal::{RefusalCode, RefusalRow};

/// A short page about every refusal that has this national code, or 404.
pub(crate) fn page(code: &str) -> Response {
    let rows: Vec<_> = RefusalCode::ALL
        .iter()
        .map(|refusal| refusal.row())
        .filter(|row| row.mp_code == Some(code))
        .collect();
    let [first, ..] = rows.as_slice() else {
        return (StatusCode::NOT_FOUND, "There is no error with this code.\n").into_response();
    };
    // Only codes of the table come this far, so nothing of the request is written to the page.
    let title = first.mp_code.unwrap_or_default();
    let sections: String = rows.iter().map(|row| section(row)).collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{sections}</main>\n</body>\n</html>\n"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (
            axum::http::header::CONTENT_SECURITY_POLICY,
            "default-src 'none'",
        ),
        (axum::http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page).into_response()
}

fn section(row: &RefusalRow) -> String {
    format!(
        "<h2>{}</h2>\n<p><code>{}</code>, HTTP status {}</p>\n<p>{}</p>\n<p><strong>What to do:</strong> {}</p>\n",
        row.text,
        row.error.as_str(),
        row.http_status,
        code_spans(row.raised_when),
        code_spans(row.next_step),
    )
}

/// The table writes names in backticks.
fn code_spans(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(position, part)| {
            if position % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}
