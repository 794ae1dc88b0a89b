//! What others wrote that login pages show: names, texts in Markdown, addresses, pictures.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use portvakt_idporten::pages::{
    Consent, ConsentScope, FooterLinks, Frame, Interaction, Language, LocalPath, Localized, Logo,
    Markdown, Name, Plain, ReturnAddress, Service, Site, WebAddress,
};

static SITE: LazyLock<Site> = LazyLock::new(|| Site {
    provider: Name::new("Portvakt"),
    logo: None,
    test_environment: true,
    strict_transport: false,
    links: FooterLinks::default(),
});

fuzz_target!(|text: &str| {
    let _ = (LocalPath::parse(text), ReturnAddress::parse(text));
    let service = Service {
        name: Name::new(text),
        logo: Logo::parse(text),
        home: WebAddress::parse(text, Plain::Refused),
    };
    let scopes = [ConsentScope {
        description: in_bokmal(Name::new(text)),
        long_description: Some(in_bokmal(Markdown::parse(text, Plain::Refused))),
    }];
    let page = Consent {
        frame: Frame::new(&SITE, Language::English).with_service(&service),
        interaction: Interaction {
            transaction: "t",
            csrf: "c",
            returns_to: None,
        },
        scopes: &scopes,
        lifetime: Duration::from_secs(120),
    };
    let html = page.page().html;
    assert!(!html.contains("<script"), "{html}");
    for address in html
        .split("<a ")
        .skip(1)
        .filter_map(|link| link.split("href=\"").nth(1))
    {
        let ours = address.starts_with('#') || address.starts_with('/');
        assert!(ours || address.starts_with("https://"), "{address}");
    }
});

fn in_bokmal<T>(text: T) -> Localized<T> {
    Localized {
        text,
        language: Language::Bokmal,
    }
}
