//! The headers that the collector asks for, from a file that is a secret.

use anyhow::{Context, bail};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::signing::SecretLocation;

/// What the exporter says by itself, and what would change what the message is or where it goes.
const OWN: [&str; 5] = [
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "host",
];

/// Reads `Name: value`, one a line. Errors name the line and repeat nothing of it.
pub(super) fn read(location: &SecretLocation) -> anyhow::Result<HeaderMap> {
    let text = location.read()?;
    let mut headers = HeaderMap::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (name, value) =
            parse(line).with_context(|| format!("line {} of {location}", index + 1))?;
        headers.append(name, value);
    }
    if headers.is_empty() {
        bail!("no header is in {location}");
    }
    Ok(headers)
}

fn parse(line: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':').context("write Name: value")?;
    let name = HeaderName::try_from(name.trim());
    let value = HeaderValue::try_from(value.trim());
    let (Ok(name), Ok(mut value)) = (name, value) else {
        bail!("it is no header: write Name: value");
    };
    if OWN.contains(&name.as_str()) {
        bail!("the header {name} is the server's own to write");
    }
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> anyhow::Result<HeaderMap> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headers");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        read(&SecretLocation::File(path))
    }

    #[test]
    fn each_line_is_a_header_that_is_not_shown() {
        let headers = read_text("Authorization: Basic aGVtbWVsaWc=\n\nX-Scope:  fjord\n").unwrap();
        assert_eq!(headers["authorization"], "Basic aGVtbWVsaWc=");
        assert_eq!(headers["x-scope"], "fjord");
        assert!(!format!("{headers:?}").contains("aGVtbWVsaWc="));
    }

    #[test]
    fn what_is_no_header_is_named_by_its_line() {
        for line in [
            "hemmelig",
            "he mmelig: x",
            "x: hem\u{1}melig",
            "Host: hemmelig",
            ": hemmelig",
        ] {
            let error = read_text(&format!("a: b\n{line}\n")).unwrap_err();
            let error = format!("{error:#}");
            assert!(
                error.contains("line 2") && !error.contains("melig"),
                "{error}"
            );
        }
        assert!(read_text("\n").is_err());
    }
}
