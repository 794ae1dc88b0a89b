//! When authorizations and tokens end (spec: idporten §3.5).

use std::sync::Arc;
use std::time::Duration;

use super::issuer::Lifetimes;
use super::scopes::is_login_scope;
use crate::client::Client;
use crate::clock::Timestamp;
use crate::scope::Scope;

impl Lifetimes {
    /// When an authorization ends: no token of it lives longer, whatever is refreshed.
    pub fn authorization_end(
        &self,
        client: &Client,
        granted: &[Arc<Scope>],
        authorized_at: Timestamp,
    ) -> Timestamp {
        let own = stated(client.login.authorization_lifetime).unwrap_or(self.authorization);
        let caps = granted
            .iter()
            .filter_map(|scope| stated(Some(scope.authorization_max_lifetime)));
        let lifetime = caps.fold(own, Duration::min).min(self.max_authorization);
        whole_seconds(authorized_at).plus(lifetime)
    }

    /// When an access token ends that is issued now.
    pub fn access_end(
        &self,
        client: &Client,
        scopes: &[Arc<Scope>],
        authorization_end: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let default = if scopes
            .iter()
            .all(|scope| is_login_scope(scope.name.as_str()))
        {
            self.login_access_token
        } else {
            self.api_access_token
        };
        let own = stated(client.access_token_lifetime).unwrap_or(default);
        let caps = scopes
            .iter()
            .filter_map(|scope| stated(Some(scope.at_max_age)));
        let lifetime = caps.fold(own, Duration::min).min(self.max_access_token);
        whole_seconds(now).plus(lifetime).min(authorization_end)
    }

    /// When a refresh token ends that is issued or used now, if it is not used before.
    pub fn refresh_end(
        &self,
        client: &Client,
        authorization_end: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let lifetime = stated(client.login.refresh_token_lifetime).unwrap_or(self.refresh_token);
        whole_seconds(now).plus(lifetime).min(authorization_end)
    }

    /// When a session ends that is used now.
    pub fn session_end(&self, created_at: Timestamp, now: Timestamp) -> Timestamp {
        now.plus(self.session_idle)
            .min(created_at.plus(self.session))
    }
}

/// A lifetime in seconds, where zero is no opinion.
fn stated(seconds: Option<u32>) -> Option<Duration> {
    let seconds = seconds.filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds.into()))
}

/// Claims have whole seconds, so ends do too.
fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_seconds(instant.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientId;
    use crate::organization::OrgNumber;
    use crate::scope::ScopeName;

    const NOW: i64 = 1_772_442_900;

    fn client(access: Option<u32>, refresh: Option<u32>, authorization: Option<u32>) -> Client {
        let orgno = OrgNumber::parse("312773023").unwrap();
        let now = Timestamp::from_seconds(0);
        let mut client = Client::machine(ClientId::parse("c").unwrap(), "C", orgno, vec![], now);
        client.access_token_lifetime = access;
        client.login.refresh_token_lifetime = refresh;
        client.login.authorization_lifetime = authorization;
        client
    }

    fn scopes(of: &[(&str, u32, u32)]) -> Vec<Arc<Scope>> {
        let orgno = OrgNumber::parse("310420107").unwrap();
        let made = of.iter().map(|(name, at_max_age, max)| {
            let name = ScopeName::parse(name).unwrap();
            let mut scope = Scope::new(name, orgno, "", Timestamp::from_seconds(0));
            scope.at_max_age = *at_max_age;
            scope.authorization_max_lifetime = *max;
            Arc::new(scope)
        });
        made.collect()
    }

    /// Seconds that an authorization, an access token and a refresh token live.
    fn lives(client: &Client, of: &[(&str, u32, u32)], limits: Lifetimes) -> (i64, i64, i64) {
        let now = Timestamp::from_milliseconds(NOW * 1000 + 999);
        let granted = scopes(of);
        let end = limits.authorization_end(client, &granted, now);
        let access = limits.access_end(client, &granted, end, now);
        let refresh = limits.refresh_end(client, end, now);
        (
            end.seconds() - NOW,
            access.seconds() - NOW,
            refresh.seconds() - NOW,
        )
    }

    #[test]
    fn the_lowest_of_client_and_scopes_decides_below_the_authorizations_end() {
        let none = client(None, None, None);
        let zero = client(Some(0), Some(0), Some(0));
        let long = client(Some(3600), Some(21600), Some(21600));
        let login = ("openid", 0, 0);
        for (client, of, expected) in [
            (&none, &[login, ("profile", 0, 0)][..], (7200, 600, 600)),
            (&none, &[login, ("a:b", 0, 0)], (7200, 120, 600)),
            (&zero, &[login], (7200, 600, 600)),
            (&long, &[login], (21600, 3600, 21600)),
            (&long, &[login, ("a:b", 120, 0)], (21600, 120, 21600)),
            (
                &long,
                &[("a:b", 300, 1000), ("a:c", 90, 2000)],
                (1000, 90, 1000),
            ),
            (&long, &[("a:b", 0, 60)], (60, 60, 60)),
        ] {
            let lives = lives(client, of, Lifetimes::default());
            assert_eq!(lives, expected, "{of:?}");
        }
    }

    #[test]
    fn the_operators_ceilings_bound_everybody() {
        let limits = Lifetimes {
            max_access_token: Duration::from_secs(50),
            max_authorization: Duration::from_secs(100),
            ..Lifetimes::default()
        };
        let long = client(Some(3600), Some(21600), Some(21600));
        assert_eq!(lives(&long, &[("openid", 0, 0)], limits), (100, 50, 100));
    }

    #[test]
    fn refreshing_never_outlives_the_authorization() {
        let limits = Lifetimes::default();
        let client = client(Some(600), Some(600), Some(1000));
        let start = Timestamp::from_seconds(NOW);
        let granted = scopes(&[("openid", 0, 0)]);
        let end = limits.authorization_end(&client, &granted, start);
        let later = start.plus(Duration::from_mins(15));
        assert_eq!(limits.access_end(&client, &granted, end, later), end);
        assert_eq!(limits.refresh_end(&client, end, later), end);
    }

    /// Spec: idporten §16.1.
    #[test]
    fn sessions_have_an_idle_limit_and_an_absolute_one() {
        let limits = Lifetimes::default();
        let created = Timestamp::from_seconds(NOW);
        let minutes = |minutes| created.plus(Duration::from_mins(minutes));
        for (used, ends) in [(0, 30), (29, 59), (91, 120), (119, 120)] {
            let end = limits.session_end(created, minutes(used));
            assert_eq!(end, minutes(ends), "{used}");
        }
    }
}
