//! The physical limit: what the same cryptographic library does on the same core.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use portvakt_jose::{Algorithm, Jws, RsaBits, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::server::CORE;
use crate::setup::TokenKind;

const TIME: Duration = Duration::from_millis(500);

/// Seconds of one core for one operation.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct Calibration {
    /// One RS256 signature, 2048 bits.
    pub(crate) rsa_signature_seconds: f64,
    /// One RS256 verification.
    pub(crate) rsa_verification_seconds: f64,
    /// One ES256 signature.
    pub(crate) ecdsa_signature_seconds: f64,
}

impl Calibration {
    /// Measures on whatever core this process runs.
    pub(crate) fn measure() -> anyhow::Result<Self> {
        let rsa = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?;
        let ecdsa = SigningKey::generate(Algorithm::Es256, RsaBits::B2048)?;
        let header = json!({ "alg": "RS256", "kid": "k" });
        let claims = json!({ "iss": "client", "aud": "issuer", "scope": "prefix:scope" });
        let public = rsa.public_jwk("k");
        let compact = rsa.sign_compact(&header, &claims)?;
        let jws = Jws::parse(&compact)?;
        Ok(Self {
            rsa_signature_seconds: seconds_of(|| rsa.sign_compact(&header, &claims).is_ok()),
            rsa_verification_seconds: seconds_of(|| jws.verify(public.verifying_key()).is_ok()),
            ecdsa_signature_seconds: seconds_of(|| ecdsa.sign_compact(&header, &claims).is_ok()),
        })
    }

    /// The mean of two, which others were measured between: a core that is shared, or that saves
    /// power, is not equally fast all the time.
    pub(crate) fn mean(&self, other: &Self) -> Self {
        let mean = |one: f64, other: f64| f64::midpoint(one, other);
        Self {
            rsa_signature_seconds: mean(self.rsa_signature_seconds, other.rsa_signature_seconds),
            rsa_verification_seconds: mean(
                self.rsa_verification_seconds,
                other.rsa_verification_seconds,
            ),
            ecdsa_signature_seconds: mean(
                self.ecdsa_signature_seconds,
                other.ecdsa_signature_seconds,
            ),
        }
    }

    /// Measures in a process that is bound to the server's core.
    pub(crate) fn on_the_servers_core() -> anyhow::Result<Self> {
        let output = Command::new("taskset")
            .args(["-c", CORE])
            .arg(std::env::current_exe()?)
            .arg("calibrate")
            .output()
            .context("run taskset (package util-linux)")?;
        serde_json::from_slice(&output.stdout).context("read the calibration")
    }

    /// Prints the figures for whoever asked for them.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        anstream::println!("{}", serde_json::to_string(self)?);
        Ok(())
    }

    /// Seconds of one core to sign a token.
    pub(crate) fn signature_seconds(&self, tokens: TokenKind) -> f64 {
        match tokens {
            TokenKind::Rs256 => self.rsa_signature_seconds,
            TokenKind::Es256 => self.ecdsa_signature_seconds,
        }
    }

    /// Tokens a second of one core that does nothing but verify a grant and sign a token.
    pub(crate) fn limit(&self, tokens: TokenKind) -> f64 {
        1.0 / (self.signature_seconds(tokens) + self.rsa_verification_seconds)
    }
}

fn seconds_of(mut operation: impl FnMut() -> bool) -> f64 {
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < TIME {
        assert!(operation(), "the calibration's own keys work");
        count += 1;
    }
    started.elapsed().as_secs_f64() / f64::from(count)
}
