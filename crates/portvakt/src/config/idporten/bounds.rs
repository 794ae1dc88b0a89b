//! How much there may be of what anybody may begin.

use portvakt_core::login::Room;
use portvakt_core::login::port::Begun;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

/// How much there may be at a time of what anybody may begin, on all nodes together. Beyond it the next
/// ones are answered 503 at once; whoever is logged in notices nothing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Most logins under way, the abandoned ones among them until `lifetimes.login_seconds` are over.
    pub(crate) logins: u32,
    /// Most pushed requests. A quarter of them is kept for clients that prove themselves.
    pub(crate) pushed_requests: u32,
    /// Most logouts that another site's form began and whose browser is on its way back.
    pub(crate) parked_logouts: u32,
}

impl Default for Section {
    fn default() -> Self {
        let most = Room::MOST;
        Self {
            logins: most.logins,
            pushed_requests: most.pushed_requests,
            parked_logouts: most.parked_logouts,
        }
    }
}

impl Section {
    /// The bounds.
    pub(crate) fn most(&self, faults: &mut Faults) -> Begun {
        for (key, most) in [
            ("logins", self.logins),
            ("pushed_requests", self.pushed_requests),
            ("parked_logouts", self.parked_logouts),
        ] {
            if most == 0 {
                faults.add(format!("idporten.bounds.{key}"), "is at least 1");
            }
        }
        Begun {
            pushed_requests: self.pushed_requests,
            logins: self.logins,
            parked_logouts: self.parked_logouts,
        }
    }
}
