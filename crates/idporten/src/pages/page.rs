//! A finished page and the headers that defend it (spec: idporten §17.8).

use std::fmt::Write as _;

use askama::Template;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::address::Origin;
use super::{Frame, Interaction, ReturnAddress, Site};

/// A page as a server sends it, except for its status. It may hold codes and identity numbers, so it has
/// no `Debug`, and neither have the descriptions of pages that do.
#[derive(Clone)]
pub struct Page {
    /// The document.
    pub html: String,
    /// Its type, and what a browser may do with it.
    pub headers: HeaderMap,
}

impl Page {
    pub(super) fn new(template: &impl Template, frame: &Frame<'_>, policy: &Policy<'_>) -> Self {
        let html = template
            .render()
            .expect("writing to a string succeeds, and no value of a template refuses to be shown");
        Self {
            html,
            headers: headers(frame.site, policy),
        }
    }
}

/// A value that lets one script of one page run. It has to be new for each page.
#[derive(Clone, Copy)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// Takes 128 bits that nobody can foresee.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }
}

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What one page needs beyond what all do.
#[derive(Default)]
pub(super) struct Policy<'a> {
    /// Where forms, and redirects that answer them, may lead besides this server.
    pub(super) form_targets: Vec<Origin>,
    /// What may be shown in frames of this page.
    pub(super) frames: Vec<Origin>,
    /// Lets the page's own script run.
    pub(super) nonce: Option<&'a Nonce>,
}

impl Policy<'_> {
    /// For a page with a form, whose answer may redirect to the service.
    pub(super) fn of(interaction: &Interaction<'_>) -> Self {
        let target = interaction.returns_to.map(ReturnAddress::origin);
        Self {
            form_targets: target.into_iter().collect(),
            ..Self::default()
        }
    }

    fn content_security_policy(&self) -> String {
        let mut policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
            font-src 'self'; script-src 'self'"
            .to_owned();
        if let Some(nonce) = self.nonce {
            let _ = write!(policy, " 'nonce-{nonce}'");
        }
        policy.push_str("; form-action 'self'");
        policy.push_str(&sources(&self.form_targets));
        if !self.frames.is_empty() {
            policy.push_str("; frame-src");
            policy.push_str(&sources(&self.frames));
        }
        policy.push_str("; frame-ancestors 'none'; base-uri 'none'");
        policy
    }
}

/// Each origin once, with a blank before it.
fn sources(origins: &[Origin]) -> String {
    let mut texts: Vec<_> = origins.iter().map(|origin| format!(" {origin}")).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.concat()
}

/// Everything that a page could ask a browser for, and no page does.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), bluetooth=(), camera=(), \
    display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), \
    gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), \
    midi=(), otp-credentials=(), payment=(), picture-in-picture=(), \
    publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), \
    storage-access=(), usb=(), web-share=(), window-management=(), xr-spatial-tracking=()";

/// A year, for subdomains too.
pub(crate) const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

fn headers(site: &Site, policy: &Policy<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let fixed: [(HeaderName, &'static str); 7] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if site.strict_transport {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(STRICT_TRANSPORT),
        );
    }
    let csp = HeaderValue::try_from(policy.content_security_policy())
        .expect("origins and nonces are printable ASCII, and so is all around them");
    headers.insert(CONTENT_SECURITY_POLICY, csp);
    headers
}
