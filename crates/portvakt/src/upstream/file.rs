//! The file of one provider (`docs/idporten.md`, "Other providers").

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::login::Acr;
use portvakt_idporten::eid::{UpstreamAuthentication, UpstreamResponseMode, UpstreamSettings};
use portvakt_jose::{Signer, SigningKey};
use serde::Deserialize;

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

/// Reads a file, and the secret or the key beside it.
pub(super) fn read(path: &Path) -> anyhow::Result<UpstreamSettings> {
    let upstream: Upstream = serde_saphyr::from_str(&text(path)?).context("read it")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = |file: &Path| folder.join(file);
    let authentication = match (&upstream.client_secret_file, &upstream.client_key_file) {
        (Some(file), None) => {
            let secret = text(&beside(file))?;
            UpstreamAuthentication::Secret(secret.trim_end().to_owned())
        }
        (None, Some(file)) => key(&beside(file))?,
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

fn text(path: &Path) -> anyhow::Result<String> {
    let opening = || format!("read {}", path.display());
    let size = std::fs::metadata(path).with_context(opening)?.len();
    if size > MAX_BYTES {
        bail!("{} has more than {MAX_BYTES} bytes", path.display());
    }
    std::fs::read_to_string(path).with_context(opening)
}

fn key(path: &Path) -> anyhow::Result<UpstreamAuthentication> {
    let unusable = || format!("{} is no private JWK with a kid", path.display());
    let jwk = serde_json::from_str(&text(path)?)
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
    use super::*;

    const FILE: &str = "{id: fjordid, name: FjordID, issuer: 'https://fjordid.eksempel.no', \
        client_id: megler, client_secret_file: secret, response_mode: form_post, \
        acr: {high: idporten-loa-high}}";

    fn read_text(text: &str) -> anyhow::Result<UpstreamSettings> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "hemmelig\n").unwrap();
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
            ("secret_file: secret", "key_file: secret", "no private JWK"),
            ("idporten-loa-high", "Level4", "Level4 is no level"),
            ("id: fjordid, ", "id: fjordid, pkce: none, ", "pkce"),
        ] {
            let error = read_text(&FILE.replace(wrong, right)).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
