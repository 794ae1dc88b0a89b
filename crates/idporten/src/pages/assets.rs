//! The files that pages link to. They are in the binary, and their names change with their content.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file that a page links to.
#[derive(Clone, Copy)]
pub struct Asset {
    /// Where pages expect it.
    pub path: &'static str,
    content_type: &'static str,
    /// What it holds.
    pub content: &'static [u8],
}

impl Asset {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ASSETS.iter().copied()
    }

    /// The file at a path of this server.
    pub fn find(path: &str) -> Option<Self> {
        Self::all().find(|asset| asset.path == path)
    }

    /// Its type, and that it may be kept for as long as a browser likes.
    pub fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let values = [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // Somebody may open the icon by itself.
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ];
        for (name, value) in values {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> &'static str {
        std::str::from_utf8(Asset::find(path).unwrap().content).unwrap()
    }

    #[test]
    fn an_asset_is_named_by_its_content_and_kept_for_a_year() {
        let styles = Asset::find(PAGES_CSS).unwrap();
        let hash = PAGES_CSS
            .trim_start_matches("/assets/pages.")
            .trim_end_matches(".css");
        assert_eq!(hash.len(), 16);
        assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(styles.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(
            styles.headers()[CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert!(Asset::find("/assets/pages.css").is_none());
    }

    #[test]
    fn a_style_sheet_asks_nobody_else() {
        let styles = text(PAGES_CSS);
        assert!(!styles.contains("@import"));
        for address in styles.split("url(").skip(1) {
            let address = address.trim_start_matches(['"', '\'']);
            let end = address.find([')', '"']).unwrap();
            let known = Asset::find(&address[..end]).is_some();
            assert!(
                known || address.starts_with("data:image/"),
                "{}",
                &address[..end]
            );
        }
    }

    #[test]
    fn what_others_wrote_comes_with_its_license() {
        let licenses = text(LICENSES_TXT);
        for words in [
            "Permission is hereby granted, free of charge",
            "SIL OPEN FONT LICENSE",
            "UNICODE LICENSE",
        ] {
            assert!(licenses.contains(words), "{words}");
        }
        assert!(text(PAGES_CSS).contains(LICENSES_TXT));
    }
}
