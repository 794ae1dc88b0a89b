//! What login pages show of whoever runs them.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_idporten::pages::{FooterLinks, Logo, Name, Plain, Site, WebAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;
use crate::input::bounded_file;

/// Signatures at the beginning of the files that pages can show.
const PICTURES: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
];

/// The largest file that is read, in bytes. Pages show less.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// What pages show beside what is asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Who runs the login.
    pub(crate) name: String,
    /// File with its logo, PNG, JPEG or GIF of 140 kB at most, instead of the built-in one. Read when the
    /// server starts.
    #[schema(value_type = Option<String>)]
    pub(crate) logo_file: Option<PathBuf>,
    /// Where the footer leads to for help and contact. Links without an address are not shown.
    pub(crate) help_url: Option<String>,
    /// Where it leads to for security and privacy.
    pub(crate) privacy_url: Option<String>,
    /// Where the accessibility statement is, which Norwegian law requires.
    pub(crate) accessibility_url: Option<String>,
    /// Where it says how to get an electronic ID.
    pub(crate) get_eid_url: Option<String>,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            name: "Portvakt".to_owned(),
            logo_file: None,
            help_url: None,
            privacy_url: None,
            accessibility_url: None,
            get_eid_url: None,
        }
    }
}

impl Section {
    /// Whether it can be meant.
    pub(super) fn check(&self, environment: Environment, faults: &mut Faults) {
        if self.name.trim().is_empty() {
            faults.add("idporten.site.name", "is not empty");
        }
        self.links(environment, faults);
    }

    /// What pages show, with the logo read.
    pub(crate) fn site(&self, issuer: &LoginIssuer) -> anyhow::Result<Site> {
        Ok(Site {
            provider: Name::new(&self.name),
            logo: self.logo().context("idporten.site.logo_file")?,
            test_environment: issuer.environment == Environment::Test,
            strict_transport: issuer.login_base_url.starts_with("https://"),
            // The configuration was checked.
            links: self.links(issuer.environment, &mut Faults::default()),
        })
    }

    fn links(&self, environment: Environment, faults: &mut Faults) -> FooterLinks {
        let plain = match environment {
            Environment::Production => Plain::Refused,
            Environment::Test => Plain::Allowed,
        };
        let mut link = |key: &str, text: &Option<String>| {
            let address = WebAddress::parse(text.as_deref()?, plain);
            if address.is_none() {
                let key = format!("idporten.site.{key}");
                faults.add(key, "write an https address");
            }
            address
        };
        FooterLinks {
            help: link("help_url", &self.help_url),
            privacy: link("privacy_url", &self.privacy_url),
            accessibility: link("accessibility_url", &self.accessibility_url),
            get_eid: link("get_eid_url", &self.get_eid_url),
        }
    }

    fn logo(&self) -> anyhow::Result<Option<Logo>> {
        let Some(file) = &self.logo_file else {
            return Ok(None);
        };
        let bytes = bounded_file(file, MAX_FILE_BYTES);
        let bytes = bytes.with_context(|| format!("read {}", file.display()))?;
        let mut pictures = PICTURES.into_iter();
        let kind = pictures.find(|(signature, _)| bytes.starts_with(signature));
        let logo = kind.and_then(|(_, kind)| {
            let address = format!("data:image/{kind};base64,{}", STANDARD.encode(&bytes));
            Logo::parse(&address)
        });
        let (file, limit) = (file.display(), "PNG, JPEG or GIF of 140 kB at most");
        ensure!(logo.is_some(), "{file} is no {limit}");
        Ok(logo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(bytes: &[u8]) -> (tempfile::TempDir, Section) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logo");
        std::fs::write(&file, bytes).unwrap();
        let section = Section {
            logo_file: Some(file),
            ..Section::default()
        };
        (folder, section)
    }

    /// A start ends, with the reason, however much there is to read and whether or not somebody writes it.
    #[test]
    fn a_file_is_a_regular_one_of_bounded_size() {
        let (_folder, endless) = section(b"\x89PNG\r\n\x1a\n");
        let file = endless.logo_file.as_ref().unwrap();
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_len(1 << 31).unwrap();
        let error = format!("{:#}", endless.logo().unwrap_err());
        assert!(error.contains("1048576 bytes"), "{error}");

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("logo");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for irregular in [pipe, folder.path().to_owned()] {
            let section = Section {
                logo_file: Some(irregular),
                ..Section::default()
            };
            let error = format!("{:#}", section.logo().unwrap_err());
            assert!(error.contains("no regular file"), "{error}");
        }
    }

    #[test]
    fn a_small_picture_is_shown_and_anything_else_ends_the_start() {
        let (_folder, picture) = section(b"\x89PNG\r\n\x1a\nrest");
        let logo = picture.logo().unwrap().unwrap();
        assert!(
            logo.to_string()
                .starts_with("data:image/png;base64,iVBORw0KGg")
        );
        let large = [b"GIF89a".to_vec(), vec![0; 200_000]].concat();
        for wrong in [b"<svg/>".as_slice(), b"", &large] {
            let (_folder, wrong) = section(wrong);
            let error = wrong.logo().unwrap_err().to_string();
            assert!(error.contains("140 kB"), "{error}");
        }
        let (folder, absent) = section(b"");
        drop(folder);
        assert!(absent.logo().is_err());
        assert_eq!(Section::default().logo().unwrap(), None);
    }
}
