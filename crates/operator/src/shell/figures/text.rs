//! The text format of Prometheus. Its names end in `_count` although they are counters, as dashboards have
//! them; libraries would add `_total`.

use std::fmt::Write;

use portvakt_nais::desired::ClientKind;

use super::Counts;

pub(super) const SCOPE_CREATED: &str = "maskinporten_scope_created_count";
pub(super) const SCOPE_UPDATED: &str = "maskinporten_scope_updated_count";
pub(super) const SCOPE_DELETED: &str = "maskinporten_scope_deleted_count";
pub(super) const SCOPE_REACTIVATED: &str = "maskinporten_scope_reactivated_count";
pub(super) const CONSUMER_CREATED: &str = "maskinporten_scope_consumer_created_count";
pub(super) const CONSUMER_UPDATED: &str = "maskinporten_scope_consumer_updated_count";
pub(super) const CONSUMER_DELETED: &str = "maskinporten_scope_consumer_deleted_count";

/// Names of a kind of client.
pub(super) struct ClientNames {
    pub(super) created: &'static str,
    pub(super) updated: &'static str,
    pub(super) rotated: &'static str,
    pub(super) processed: &'static str,
    pub(super) failed_processing: &'static str,
    pub(super) failed_invalid_config: &'static str,
    pub(super) deleted: &'static str,
}

const MASKINPORTEN: ClientNames = ClientNames {
    created: "maskinporten_client_created_count",
    updated: "maskinporten_client_updated_count",
    rotated: "maskinporten_client_rotated_count",
    processed: "maskinporten_client_processed_count",
    failed_processing: "maskinporten_client_failed_processing_count",
    failed_invalid_config: "maskinporten_client_failed_invalid_config_count",
    deleted: "maskinporten_client_deleted_count",
};

const IDPORTEN: ClientNames = ClientNames {
    created: "idporten_client_created_count",
    updated: "idporten_client_updated_count",
    rotated: "idporten_client_rotated_count",
    processed: "idporten_client_processed_count",
    failed_processing: "idporten_client_failed_processing_count",
    failed_invalid_config: "idporten_client_failed_invalid_config_count",
    deleted: "idporten_client_deleted_count",
};

pub(super) fn client(kind: ClientKind) -> &'static ClientNames {
    match kind {
        ClientKind::Maskinporten => &MASKINPORTEN,
        ClientKind::IdPorten => &IDPORTEN,
    }
}

/// Every counter with what it counts.
fn counters() -> Vec<(&'static str, &'static str)> {
    let mut counters = vec![
        (SCOPE_CREATED, "Scopes that were created."),
        (SCOPE_UPDATED, "Scopes that were updated or taken over."),
        (SCOPE_DELETED, "Scopes that were deactivated."),
        (SCOPE_REACTIVATED, "Scopes that were activated again."),
        (CONSUMER_CREATED, "Consumers that were given access."),
        (CONSUMER_UPDATED, "Consumers that were given access again."),
        (CONSUMER_DELETED, "Consumers whose access was withdrawn."),
    ];
    for names in [&MASKINPORTEN, &IDPORTEN] {
        counters.extend([
            (names.created, "Clients that were registered."),
            (names.updated, "Clients that were updated or adopted."),
            (names.rotated, "Clients that got a new key."),
            (names.processed, "Passes that did everything."),
            (names.failed_processing, "Passes that failed."),
            (
                names.failed_invalid_config,
                "Passes that left out scopes without access.",
            ),
            (names.deleted, "Resources that were deleted."),
        ]);
    }
    counters
}

/// The whole text.
pub(super) fn of(counts: &Counts) -> String {
    let mut text = String::new();
    let [machines, logins] = &counts.resources;
    let sum = |of: fn(&super::Tally) -> usize| machines.values().map(of).sum::<usize>();
    let gauges = [
        (
            "maskinporten_client_total",
            "Machine clients that are looked after.",
            machines.len(),
        ),
        (
            "maskinporten_client_secrets_total",
            "Their Secrets.",
            counts.secrets[0],
        ),
        (
            "idporten_client_total",
            "Login clients that are looked after.",
            logins.len(),
        ),
        (
            "idporten_client_secrets_total",
            "Their Secrets.",
            counts.secrets[1],
        ),
        (
            "maskinporten_exposed_scope_total",
            "Exposed scopes in resources.",
            sum(|tally| tally.exposed),
        ),
        (
            "maskinporten_external_scopes_consumed_total",
            "Consumed scopes in resources.",
            sum(|tally| tally.consumed),
        ),
        (
            "maskinporten_scope_consumers_total",
            "Consumers of exposed scopes in resources.",
            sum(|tally| tally.consumers),
        ),
    ];
    for (name, help, value) in gauges {
        head(&mut text, name, help, "gauge");
        line(&mut text, format_args!("{name} {value}"));
    }
    for (name, help) in counters() {
        head(&mut text, name, help, "counter");
        for namespace in &counts.namespaces {
            let value = counts.counters.get(&(name, namespace.clone()));
            let value = value.copied().unwrap_or_default();
            // Names of namespaces are labels of DNS, in which nothing has to be escaped.
            line(
                &mut text,
                format_args!("{name}{{namespace=\"{namespace}\"}} {value}"),
            );
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "{line}");
}
