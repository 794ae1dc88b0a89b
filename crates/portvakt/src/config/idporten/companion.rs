//! The companion APIs of the login surface.

use std::time::Duration;

use portvakt_core::login::Keeping;
use portvakt_core::login::companion::{Api, CompanionSettings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Faults, is_address};

const SECONDS_OF_DAY: u64 = 24 * 60 * 60;
/// Nobody is shown what is older, whatever a person's log may be good for.
const MOST_DAYS: u32 = 3660;

/// The companion APIs: where they are reached, and which there are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a documented switch of its own"
)]
pub(crate) struct Section {
    /// Where the APIs about authorizations, logins and levels are reached, if that is not the issuer: an
    /// address without a slash at its end, which leads here. Tokens with an `aud` name it.
    pub(crate) api_base_url: Option<String>,
    /// Where the contact registry is reached, likewise.
    pub(crate) krr_base_url: Option<String>,
    /// Serve authorizations of people, and let them be revoked.
    pub(crate) authorizations_api: bool,
    /// Serve people's login history.
    pub(crate) history_api: bool,
    /// Serve whether somebody has lately logged in at the highest level.
    pub(crate) authlevel_api: bool,
    /// Serve the list of revoked tokens, to everybody.
    pub(crate) revoke_list: bool,
    /// Serve the contact registry.
    pub(crate) krr_api: bool,
    /// Keep back how people are reached who may not be notified, whatever the scope.
    pub(crate) krr_filter_expired: bool,
    /// How long a login stays in the history, in days. With fewer than 550 the authentication-level API looks
    /// back less far than 18 months.
    pub(crate) history_days: u32,
}

impl Default for Section {
    fn default() -> Self {
        let settings = CompanionSettings::at("");
        let serves = |api| settings.served.contains(&api);
        let history = Keeping::default().history.as_secs() / SECONDS_OF_DAY;
        Self {
            api_base_url: None,
            krr_base_url: None,
            authorizations_api: serves(Api::Authorizations),
            history_api: serves(Api::History),
            authlevel_api: serves(Api::AuthenticationLevel),
            revoke_list: serves(Api::RevokeList),
            krr_api: serves(Api::Contacts),
            krr_filter_expired: settings.filter_expired_contacts,
            // It is less than two years.
            history_days: u32::try_from(history).unwrap_or(MOST_DAYS),
        }
    }
}

impl Section {
    /// Whether it says where APIs are reached.
    pub(super) fn has_addresses(&self) -> bool {
        self.api_base_url.is_some() || self.krr_base_url.is_some()
    }

    /// Addresses and switches, beside the issuer of this name.
    pub(crate) fn settings(&self, issuer: &str, faults: &mut Faults) -> CompanionSettings {
        let mut address = |key: &str, text: &Option<String>| {
            let address = text.as_deref().unwrap_or(issuer);
            is_address(key_of(key), address, faults);
            address.to_owned()
        };
        let served = Api::ALL.into_iter().filter(|api| self.serves(*api));
        CompanionSettings {
            api_base_url: address("api_base_url", &self.api_base_url),
            krr_base_url: address("krr_base_url", &self.krr_base_url),
            served: served.collect(),
            filter_expired_contacts: self.krr_filter_expired,
            ..CompanionSettings::at(issuer)
        }
    }

    fn serves(&self, api: Api) -> bool {
        match api {
            Api::Authorizations => self.authorizations_api,
            Api::History => self.history_api,
            Api::AuthenticationLevel => self.authlevel_api,
            Api::RevokeList => self.revoke_list,
            Api::Contacts => self.krr_api,
        }
    }

    /// How long what nobody needs for an answer is kept.
    pub(crate) fn keeping(&self, faults: &mut Faults) -> Keeping {
        if !(1..=MOST_DAYS).contains(&self.history_days) {
            faults.add(key_of("history_days"), format!("is from 1 to {MOST_DAYS}"));
        }
        Keeping {
            history: Duration::from_secs(SECONDS_OF_DAY * u64::from(self.history_days)),
            ..Keeping::default()
        }
    }
}

fn key_of(key: &str) -> String {
    format!("idporten.companion.{key}")
}
