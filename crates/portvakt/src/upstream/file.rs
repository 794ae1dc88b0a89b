//! The file of one provider (`docs/idporten.md`, "Other providers"), and the secret that it names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::login::Acr;
use portvakt_idporten::eid::{UpstreamAuthentication, UpstreamResponseMode, UpstreamSettings};
use portvakt_jose::{Signer, SigningKey};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::input::bounded_file;
use crate::signing::SecretLocation;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// What the file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upstream {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    response_mode: ResponseMode,
    acr: BTreeMap<String, String>,
    #[serde(default)]
    amr: BTreeMap<String, String>,
    default_amr: Option<String>,
    #[serde(default = "pid")]
    pid_claim: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

fn pid() -> String {
    "pid".to_owned()
}

/// Reads a file, and the secret or the key beside it, which nobody but the server's user may read.
pub(super) fn read(path: &Path) -> anyhow::Result<UpstreamSettings> {
    let upstream: Upstream = serde_saphyr::from_str(&text(path)?).context("read it")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = |file: &Path| folder.join(file);
    let authentication = match (&upstream.client_secret_file, &upstream.client_key_file) {
        (Some(file), None) => {
            let secret = secret(beside(file))?;
            let secret = secret.trim_end();
            if secret.is_empty() {
                bail!("{} is empty", beside(file).display());
            }
            UpstreamAuthentication::Secret(secret.to_owned())
        }
        (None, Some(file)) => key(beside(file))?,
        _ => bail!("write one of client_secret_file and client_key_file"),
    };
    Ok(UpstreamSettings {
        acr: levels(&upstream.acr)?,
        default_amr: upstream
            .default_amr
            .unwrap_or_else(|| upstream.name.clone()),
        id: upstream.id,
        name: upstream.name,
        issuer: upstream.issuer,
        client_id: upstream.client_id,
        authentication,
        scopes: upstream.scopes,
        response_mode: match upstream.response_mode {
            ResponseMode::Query => UpstreamResponseMode::Query,
            ResponseMode::FormPost => UpstreamResponseMode::FormPost,
        },
        amr: upstream.amr,
        pid_claim: upstream.pid_claim,
    })
}

/// What is not secret, so that others may read it too.
fn text(path: &Path) -> anyhow::Result<String> {
    Ok(String::from_utf8(bounded_file(path, MAX_BYTES)?)?)
}

fn secret(path: PathBuf) -> anyhow::Result<Zeroizing<String>> {
    SecretLocation::File(path).read()
}

fn key(path: PathBuf) -> anyhow::Result<UpstreamAuthentication> {
    let shown = path.display().to_string();
    let unusable = || format!("{shown} is no private JWK with a kid");
    // What the parser says could repeat a part of the key.
    let jwk = serde_json::from_str(&secret(path)?)
        .ok()
        .with_context(unusable)?;
    let (key, key_id) = SigningKey::from_private_jwk(&jwk)
        .ok()
        .with_context(unusable)?;
    Ok(UpstreamAuthentication::Key {
        signer: Signer::Software(key),
        key_id: key_id.with_context(unusable)?,
    })
}

fn levels(acr: &BTreeMap<String, String>) -> anyhow::Result<BTreeMap<String, Acr>> {
    let level = |(theirs, ours): (&String, &String)| {
        let level = ours
            .parse()
            .with_context(|| format!("acr: {ours} is no level of this server"));
        Ok((theirs.clone(), level?))
    };
    acr.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const FILE: &str = "{id: fjordid, name: FjordID, issuer: 'https://fjordid.eksempel.no', \
        client_id: megler, client_secret_file: secret, response_mode: form_post, \
        acr: {high: idporten-loa-high}}";

    fn read_text(text: &str) -> anyhow::Result<UpstreamSettings> {
        read_beside(text, "hemmelig\n", 0o600)
    }

    /// Reads a file whose secret is this, with these permissions.
    fn read_beside(text: &str, secret: &str, mode: u32) -> anyhow::Result<UpstreamSettings> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, secret).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(folder.path().join("file.yaml"), text).unwrap();
        read(&folder.path().join("file.yaml"))
    }

    #[test]
    fn a_file_has_defaults_and_its_secret_beside_it() {
        let settings = read_text(FILE).unwrap();
        assert_eq!(
            (&*settings.default_amr, &*settings.pid_claim),
            ("FjordID", "pid")
        );
        assert_eq!(settings.acr["high"], Acr::IdportenHigh);
        assert_eq!(settings.response_mode, UpstreamResponseMode::FormPost);
        let UpstreamAuthentication::Secret(secret) = settings.authentication else {
            panic!("another way of proof");
        };
        assert_eq!(secret, "hemmelig");
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_with_the_reason() {
        for (wrong, right, reason) in [
            (
                "client_secret_file: secret, ",
                "",
                "client_secret_file and client_key_file",
            ),
            ("secret_file: secret", "secret_file: none", "none"),
            ("secret_file: secret", "secret_file: .", "no regular file"),
            ("secret_file: secret", "key_file: secret", "no private JWK"),
            ("idporten-loa-high", "Level4", "Level4 is no level"),
            ("id: fjordid, ", "id: fjordid, pkce: none, ", "pkce"),
        ] {
            let error = read_text(&FILE.replace(wrong, right)).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }

    #[test]
    fn a_secret_or_key_that_others_can_read_or_that_is_none_is_refused_and_not_repeated() {
        let long = "hemmelig".repeat(4096);
        for secret_or_key in ["secret_file", "key_file"] {
            let text = FILE.replace("secret_file", secret_or_key);
            for (secret, mode, reason) in [
                ("hemmelig", 0o644, "chmod 600"),
                ("hemmelig", 0o660, "chmod 600"),
                (&*long, 0o600, "longer than any secret"),
                ("\n", 0o600, "secret is "),
            ] {
                let error = read_beside(&text, secret, mode).err().unwrap();
                let error = format!("{error:#}");
                assert!(error.contains(reason), "{reason}: {error}");
                assert!(!error.contains("hemmelig"), "{error}");
            }
        }
    }

    #[test]
    fn a_file_is_a_regular_one_of_bounded_size() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err());
        let error = read_text(&format!("{FILE}\n#{}", "x".repeat(64 * 1024)));
        assert!(format!("{:#}", error.err().unwrap()).contains("65536 bytes"));
    }
}
