//! Settings of the operator that existing clusters have, under their names (spec: nais §7.2).

use std::net::SocketAddr;

use anyhow::bail;
use portvakt_nais::Settings;
use portvakt_nais::plan::Ownership;

/// Flags and variables that the existing operator has.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Named {
    /// Cluster, the first part of what records whose a scope or a client is
    #[arg(long, value_name = "NAME", env = "DIGDIRATOR_CLUSTER_NAME")]
    pub(super) cluster_name: String,
    /// Which log lines are written
    #[arg(
        long,
        value_enum,
        env = "DIGDIRATOR_LOG_LEVEL",
        default_value_t = Level::Info
    )]
    log_level: Level,
    /// Where metrics, health and readiness are answered
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DIGDIRATOR_METRICS_ADDRESS",
        value_parser = super::probes::address,
        default_value = ":8080"
    )]
    pub(super) metrics_address: SocketAddr,
    /// Let one operator of several act
    #[arg(
        long = "leader-election.enabled",
        value_name = "BOOL",
        env = "DIGDIRATOR_LEADER_ELECTION_ENABLED",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub(super) leader_election: bool,
    /// Namespace of the Lease [default: that of the operator's Pod]
    #[arg(
        long = "leader-election.namespace",
        value_name = "NAMESPACE",
        env = "DIGDIRATOR_LEADER_ELECTION_NAMESPACE"
    )]
    pub(super) lease_namespace: Option<String>,
    /// Look after resources of the kind `MaskinportenClient`
    #[arg(
        long = "features.maskinporten",
        value_name = "BOOL",
        env = "DIGDIRATOR_FEATURES_MASKINPORTEN",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub(super) maskinporten: bool,
    /// Look after resources of the kind `IDPortenClient`
    #[arg(
        long = "features.idporten",
        value_name = "BOOL",
        env = "DIGDIRATOR_FEATURES_IDPORTEN",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub(super) idporten: bool,
    /// Base address of the self-service API [default: the development server of the data folder]
    #[arg(
        long = "digdir.admin.base-url",
        value_name = "URL",
        env = "DIGDIRATOR_DIGDIR_ADMIN_BASE_URL"
    )]
    pub(super) base_url: Option<String>,
    /// Administration client, as `--admin-client` names it
    #[arg(
        long = "digdir.admin.client-id",
        value_name = "CLIENT_ID",
        env = "DIGDIRATOR_DIGDIR_ADMIN_CLIENT_ID",
        conflicts_with = "admin_client"
    )]
    pub(super) client_id: Option<String>,
    /// Organization certificate of its key: PEM text, leaf first
    #[arg(
        long = "digdir.admin.cert-chain",
        value_name = "PEM",
        env = "DIGDIRATOR_DIGDIR_ADMIN_CERT_CHAIN",
        allow_hyphen_values = true,
        conflicts_with = "admin_certificate"
    )]
    pub(super) cert_chain: Option<String>,
    /// Not used: the key is where `--admin-key` or a hardware module says
    #[arg(
        long = "digdir.admin.kms-key-path",
        value_name = "PATH",
        env = "DIGDIRATOR_DIGDIR_ADMIN_KMS_KEY_PATH"
    )]
    pub(super) kms_key_path: Option<String>,
    /// Administration scopes, separated by blanks [default: those that the features need]
    #[arg(
        long = "digdir.admin.scopes",
        value_name = "SCOPES",
        env = "DIGDIRATOR_DIGDIR_ADMIN_SCOPES",
        conflicts_with = "admin_scope"
    )]
    pub(super) scopes: Option<String>,
    /// Lifetime of access tokens, in seconds
    #[arg(
        long = "digdir.common.access-token-lifetime",
        value_name = "SECONDS",
        env = "DIGDIRATOR_DIGDIR_COMMON_ACCESS_TOKEN_LIFETIME",
        default_value_t = 3600
    )]
    access_token_lifetime: u32,
    /// Lifetime of sessions, in seconds
    #[arg(
        long = "digdir.common.session-lifetime",
        value_name = "SECONDS",
        env = "DIGDIRATOR_DIGDIR_COMMON_SESSION_LIFETIME",
        default_value_t = 7200
    )]
    session_lifetime: u32,
    /// Name of clients that give none
    #[arg(
        long = "digdir.common.client-name",
        value_name = "NAME",
        env = "DIGDIRATOR_DIGDIR_COMMON_CLIENT_NAME",
        default_value = "ARBEIDS- OG VELFERDSETATEN"
    )]
    client_name: String,
    /// Home page of clients that give none
    #[arg(
        long = "digdir.common.client-uri",
        value_name = "URL",
        env = "DIGDIRATOR_DIGDIR_COMMON_CLIENT_URI",
        default_value = "https://www.nav.no"
    )]
    client_uri: String,
    /// Metadata of the issuer of login clients; needed where they are looked after
    #[arg(
        long = "digdir.idporten.well-known-url",
        value_name = "URL",
        env = "DIGDIRATOR_DIGDIR_IDPORTEN_WELL_KNOWN_URL"
    )]
    pub(super) idporten_well_known_url: Option<String>,
    /// Metadata of the issuer of machine clients, which also issues the administration client's tokens
    #[arg(
        long = "digdir.maskinporten.well-known-url",
        value_name = "URL",
        env = "DIGDIRATOR_DIGDIR_MASKINPORTEN_WELL_KNOWN_URL"
    )]
    pub(super) maskinporten_well_known_url: Option<String>,
    /// Scope of clients that consume none; without one (an empty text) they are not made
    #[arg(
        long = "digdir.maskinporten.default.client-scope",
        value_name = "SCOPE",
        env = "DIGDIRATOR_DIGDIR_MASKINPORTEN_DEFAULT_CLIENT_SCOPE",
        default_value = "nav:test/api"
    )]
    client_scope: String,
    /// Prefix of exposed scopes, without colon
    #[arg(
        long = "digdir.maskinporten.default.scope-prefix",
        value_name = "PREFIX",
        env = "DIGDIRATOR_DIGDIR_MASKINPORTEN_DEFAULT_SCOPE_PREFIX",
        default_value = "nav"
    )]
    pub(super) scope_prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OwnershipArg {
    /// Any with the wanted name, whoever made it, as the existing operator does
    Takeover,
    /// Those of the same workload and those of nobody; another's are refused
    Claimed,
    /// Those of the same workload; others are left alone
    Legacy,
}

impl From<OwnershipArg> for Ownership {
    fn from(rule: OwnershipArg) -> Self {
        match rule {
            OwnershipArg::Takeover => Self::Takeover,
            OwnershipArg::Claimed => Self::Claimed,
            OwnershipArg::Legacy => Self::Legacy,
        }
    }
}

impl Named {
    /// Which lines the log has.
    pub(super) fn log_filter(&self) -> String {
        let level = match self.log_level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        // Other people's modules speak up when something is wrong.
        let others = if self.log_level == Level::Error {
            "error"
        } else {
            "warn"
        };
        // What reads answers writes one that it cannot read to the log, whole: that may be a Secret.
        let answers = "kube_client::client=error";
        format!("{others},{answers},portvakt={level},portvakt_operator={level}")
    }

    /// Whether it can be meant.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if !self.maskinporten && !self.idporten {
            bail!(
                "there is nothing to look after: switch on --features.maskinporten or --features.idporten"
            );
        }
        let is_set = |url: &Option<String>| url.is_some();
        if is_set(&self.base_url) && !is_set(&self.maskinporten_well_known_url) {
            bail!(
                "name the issuer of the administration client's tokens with --digdir.maskinporten.well-known-url or \
                 DIGDIRATOR_DIGDIR_MASKINPORTEN_WELL_KNOWN_URL"
            );
        }
        if is_set(&self.base_url) && self.idporten && !is_set(&self.idporten_well_known_url) {
            bail!(
                "name the issuer of login clients with --digdir.idporten.well-known-url or \
                 DIGDIRATOR_DIGDIR_IDPORTEN_WELL_KNOWN_URL, or switch off --features.idporten=false"
            );
        }
        Ok(())
    }

    /// Names and defaults.
    pub(super) fn settings(&self) -> Settings {
        let scope = Some(self.client_scope.clone());
        Settings {
            default_client_scope: scope.filter(|scope| !scope.is_empty()),
            client_name: self.client_name.clone(),
            client_uri: self.client_uri.clone(),
            access_token_lifetime: self.access_token_lifetime,
            session_lifetime: self.session_lifetime,
            ..Settings::new(&self.cluster_name, &self.scope_prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, CommandFactory, FromArgMatches};
    use tracing_subscriber::EnvFilter;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    use crate::cli::Cli;
    use crate::commands::operator::Args;

    /// Fails for every line that passes the filter.
    struct NoLine;

    impl<S: tracing::Subscriber> Layer<S> for NoLine {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            panic!("{event:?}");
        }
    }

    #[test]
    fn an_answer_of_the_api_server_that_cannot_be_read_is_not_in_the_log() {
        for level in ["debug", "info", "warn", "error"] {
            let arguments = ["operator", "--cluster-name", "c", "--log-level", level];
            let command = Args::augment_args(clap::Command::new("operator"));
            let matches = command.try_get_matches_from(arguments).unwrap();
            let args = Args::from_arg_matches(&matches).unwrap();
            let filter: EnvFilter = args.named.log_filter().parse().unwrap();
            let log = tracing_subscriber::registry().with(filter).with(NoLine);
            // As it does.
            tracing::subscriber::with_default(log, || {
                tracing::warn!(target: "kube_client::client", "a Secret, EOF while parsing");
            });
        }
    }

    /// Every setting of the existing operator, with the variable that its name becomes (spec: nais §7.2).
    #[test]
    fn every_setting_of_the_existing_operator_is_a_flag_and_a_variable() {
        let cli = Cli::command();
        let operator = cli.find_subcommand("operator").unwrap();
        for name in [
            "cluster-name",
            "log-level",
            "metrics-address",
            "leader-election.enabled",
            "leader-election.namespace",
            "features.maskinporten",
            "features.idporten",
            "digdir.admin.base-url",
            "digdir.admin.client-id",
            "digdir.admin.cert-chain",
            "digdir.admin.kms-key-path",
            "digdir.admin.scopes",
            "digdir.common.access-token-lifetime",
            "digdir.common.session-lifetime",
            "digdir.common.client-name",
            "digdir.common.client-uri",
            "digdir.idporten.well-known-url",
            "digdir.maskinporten.well-known-url",
            "digdir.maskinporten.default.client-scope",
            "digdir.maskinporten.default.scope-prefix",
        ] {
            let argument = operator
                .get_arguments()
                .find(|argument| argument.get_long() == Some(name));
            let variable = argument.and_then(clap::Arg::get_env);
            let expected = format!(
                "DIGDIRATOR_{}",
                name.to_uppercase().replace(['-', '.'], "_")
            );
            assert_eq!(variable, Some(expected.as_ref()), "{name}");
        }
    }
}
