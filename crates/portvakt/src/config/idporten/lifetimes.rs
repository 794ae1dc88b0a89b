//! How long things of logins live.

use std::time::Duration;

use portvakt_core::login::issuer::Lifetimes;
use portvakt_core::login::record::CODE_MEMORY;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

const DAY: u32 = 24 * 60 * 60;
/// Whoever did not get an answer asks again at once.
const LONGEST_GRACE: u32 = 60;

/// How long things live, where neither client nor scope says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "each key of a configuration says its unit"
)]
pub(crate) struct Section {
    /// A session without authentication requests, in seconds.
    pub(crate) session_idle_seconds: u32,
    /// A session at most, in seconds.
    pub(crate) session_seconds: u32,
    /// A login under way, from the authorization request to its answer, in seconds.
    pub(crate) login_seconds: u32,
    /// A pushed request that no browser has started, in seconds.
    pub(crate) pushed_request_seconds: u32,
    /// A code, in seconds; 600 at most.
    pub(crate) code_seconds: u32,
    /// An id token, in seconds.
    pub(crate) id_token_seconds: u32,
    /// An access token that is for no API, in seconds.
    pub(crate) login_access_token_seconds: u32,
    /// An access token for APIs, in seconds.
    pub(crate) api_access_token_seconds: u32,
    /// Any access token at most, in seconds.
    pub(crate) max_access_token_seconds: u32,
    /// What a login gives a client, refreshed or not, in seconds.
    pub(crate) authorization_seconds: u32,
    /// The same at most, whatever is registered, in seconds.
    pub(crate) max_authorization_seconds: u32,
    /// A refresh token that is not used, in seconds.
    pub(crate) refresh_token_seconds: u32,
    /// How long a refresh token that was replaced may come again from whoever did not get the answer, in
    /// seconds, 60 at most. With 0 it revokes its login at once.
    pub(crate) refresh_reuse_grace_seconds: u32,
}

impl Default for Section {
    fn default() -> Self {
        let lifetimes = Lifetimes::default();
        // The longest of them are 400 days.
        let seconds = |lifetime: Duration| u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
        Self {
            session_idle_seconds: seconds(lifetimes.session_idle),
            session_seconds: seconds(lifetimes.session),
            login_seconds: seconds(lifetimes.transaction),
            pushed_request_seconds: seconds(lifetimes.pushed_request),
            code_seconds: seconds(lifetimes.code),
            id_token_seconds: seconds(lifetimes.id_token),
            login_access_token_seconds: seconds(lifetimes.login_access_token),
            api_access_token_seconds: seconds(lifetimes.api_access_token),
            max_access_token_seconds: seconds(lifetimes.max_access_token),
            authorization_seconds: seconds(lifetimes.authorization),
            max_authorization_seconds: seconds(lifetimes.max_authorization),
            refresh_token_seconds: seconds(lifetimes.refresh_token),
            refresh_reuse_grace_seconds: seconds(lifetimes.refresh_reuse_grace),
        }
    }
}

impl Section {
    /// The lifetimes.
    pub(super) fn settings(&self, faults: &mut Faults) -> Lifetimes {
        let remembered = u32::try_from(CODE_MEMORY.as_secs()).unwrap_or(u32::MAX);
        let hour = 3600;
        for (key, seconds, longest) in [
            ("session_seconds", self.session_seconds, DAY),
            ("login_seconds", self.login_seconds, DAY),
            ("pushed_request_seconds", self.pushed_request_seconds, hour),
            ("code_seconds", self.code_seconds, remembered),
            ("id_token_seconds", self.id_token_seconds, DAY),
            (
                "max_access_token_seconds",
                self.max_access_token_seconds,
                DAY,
            ),
            (
                "max_authorization_seconds",
                self.max_authorization_seconds,
                u32::MAX,
            ),
            (
                "refresh_token_seconds",
                self.refresh_token_seconds,
                u32::MAX,
            ),
        ] {
            within(key, seconds, longest, faults);
        }
        for (key, seconds, ceiling, longest) in [
            (
                "session_idle_seconds",
                self.session_idle_seconds,
                "session_seconds",
                self.session_seconds,
            ),
            (
                "login_access_token_seconds",
                self.login_access_token_seconds,
                "max_access_token_seconds",
                self.max_access_token_seconds,
            ),
            (
                "api_access_token_seconds",
                self.api_access_token_seconds,
                "max_access_token_seconds",
                self.max_access_token_seconds,
            ),
            (
                "authorization_seconds",
                self.authorization_seconds,
                "max_authorization_seconds",
                self.max_authorization_seconds,
            ),
        ] {
            if !(1..=longest).contains(&seconds) {
                let message = format!("is at least 1, and no more than {ceiling}");
                faults.add(key_of(key), message);
            }
        }
        if self.refresh_reuse_grace_seconds > LONGEST_GRACE {
            faults.add(key_of("refresh_reuse_grace_seconds"), "is at most 60");
        }
        self.durations()
    }

    fn durations(&self) -> Lifetimes {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Lifetimes {
            login_access_token: seconds(self.login_access_token_seconds),
            api_access_token: seconds(self.api_access_token_seconds),
            authorization: seconds(self.authorization_seconds),
            refresh_token: seconds(self.refresh_token_seconds),
            max_access_token: seconds(self.max_access_token_seconds),
            max_authorization: seconds(self.max_authorization_seconds),
            id_token: seconds(self.id_token_seconds),
            code: seconds(self.code_seconds),
            pushed_request: seconds(self.pushed_request_seconds),
            transaction: seconds(self.login_seconds),
            session_idle: seconds(self.session_idle_seconds),
            session: seconds(self.session_seconds),
            refresh_reuse_grace: seconds(self.refresh_reuse_grace_seconds),
        }
    }
}

fn within(key: &str, seconds: u32, longest: u32, faults: &mut Faults) {
    if !(1..=longest).contains(&seconds) {
        let message = match longest {
            u32::MAX => "is at least 1".to_owned(),
            longest => format!("is from 1 to {longest}"),
        };
        faults.add(key_of(key), message);
    }
}

fn key_of(key: &str) -> String {
    format!("idporten.lifetimes.{key}")
}
