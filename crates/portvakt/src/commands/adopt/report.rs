//! What an adoption says: where everything stands, and what is left to people.

use portvakt_nais::adoption::{Source, Stage, Standing, Subject, Terms};
use portvakt_nais::naming::OrgNumber;
use portvakt_nais::plan::{Finding, Plan};
use serde_json::{Value, json};

use crate::output::Output;
use crate::provisioning::{Outcome, Session, describe, printable};

/// An adoption, before or after it was carried out.
pub(super) struct Report<'a> {
    pub(super) terms: &'a Terms,
    pub(super) standings: &'a [Standing],
    pub(super) objections: &'a [Finding],
    pub(super) plan: &'a Plan,
}

impl Report<'_> {
    /// Whether there is nothing to do about anything.
    pub(super) fn is_finished(&self) -> bool {
        let is_finished =
            |standing: &Standing| matches!(standing.stage, Stage::Missing | Stage::Adopted);
        self.standings.iter().all(is_finished)
    }

    /// Whether something has not left step 1 and could.
    pub(super) fn waits_for_description(&self) -> bool {
        let waits = |standing: &Standing| matches!(standing.stage, Stage::Describe { .. });
        self.standings.iter().any(waits)
    }

    /// Says at which step everything stands, and what stands in the way of the next.
    pub(super) fn standing(&self, output: Output) -> anyhow::Result<()> {
        let mut lines: Vec<_> = self.standings.iter().map(text).collect();
        lines.extend(self.objections.iter().map(|finding| format!("! {finding}")));
        if self.plan.is_empty() {
            let notes = self.plan.notes.iter();
            lines.extend(notes.map(|finding| format!("note: {finding}")));
        }
        let mut lines: Vec<_> = lines.iter().map(|line| shown(line)).collect();
        if !self.plan.is_empty() {
            lines.push(describe(self.plan));
        }
        output.result(&self.value(None, &[], &[]), lines.join("\n"))
    }

    /// Says what was done, and what is left to people.
    pub(super) fn done(
        &self,
        outcome: Option<&Outcome>,
        session: &Session,
        output: Output,
    ) -> anyhow::Result<()> {
        let mut lines: Vec<_> = self
            .standings
            .iter()
            .map(|standing| self.result(standing))
            .collect();
        if let Some(outcome) = outcome {
            lines.push(outcome.text());
        }
        let clients = session.clients()?;
        let next = self.next();
        if !next.is_empty() {
            lines.push("next:".to_owned());
            lines.extend(next.iter().map(|sentence| format!("  - {sentence}")));
        }
        let lines: Vec<_> = lines.iter().map(|line| shown(line)).collect();
        output.result(&self.value(outcome, &clients, &next), lines.join("\n"))
    }

    fn value(&self, outcome: Option<&Outcome>, clients: &[Value], next: &[String]) -> Value {
        let standings = self.standings.iter().map(|standing| {
            let mut standing = standing.clone();
            // It was carried out and looked at again.
            if outcome.is_some() && standing.stage == Stage::Adopt {
                standing.stage = Stage::Adopted;
            }
            let mut value = json!(standing);
            value["step"] = json!(standing.stage.step());
            value
        });
        json!({
            "standings": standings.collect::<Vec<_>>(),
            "objections": self.objections,
            "plan": self.plan,
            "steps": outcome.map_or(0, |outcome| outcome.steps),
            "effect": outcome.map(Outcome::effect),
            "revision": outcome.and_then(Outcome::revision),
            "clients": clients,
            "next": next,
        })
    }

    /// What came of it.
    fn result(&self, standing: &Standing) -> String {
        let (name, owner) = (name(&standing.subject), &standing.owner);
        match (&standing.stage, &standing.subject) {
            (Stage::Adopt, Subject::Scope { .. }) => {
                let gone: Vec<_> = self.terms.withdraw.iter().map(OrgNumber::as_str).collect();
                let but = match gone.as_slice() {
                    [] => String::new(),
                    gone => format!(", but for {}", gone.join(", ")),
                };
                format!("{name} is {owner}'s now, and whoever had access to it has it{but}")
            }
            (Stage::Adopt, Subject::Client { .. }) => {
                format!("{name} is {owner}'s now, with the keys that it had and its own")
            }
            (Stage::Adopted, _) => {
                format!("{name} is {owner}'s already, and as the manifest says")
            }
            (Stage::Missing | Stage::Describe { .. } | Stage::Refused { .. }, _) => text(standing),
        }
    }

    /// What people have to do afterwards.
    fn next(&self) -> Vec<String> {
        let is_here = |standing: &&Standing| standing.stage != Stage::Missing;
        let names: Vec<_> = self
            .standings
            .iter()
            .filter(is_here)
            .map(|standing| name(&standing.subject))
            .collect();
        let missing = self.standings.len() > names.len();
        let mut next = Vec::new();
        if !names.is_empty() {
            next.extend(match &self.terms.source {
                Source::Cluster(cluster) => self.after_a_move(cluster),
                Source::Described | Source::Anybody => after_an_adoption(&names.join(", ")),
            });
        }
        if missing {
            next.push("`portvakt apply` makes what does not exist yet".to_owned());
        }
        next
    }

    fn after_a_move(&self, cluster: &str) -> Vec<String> {
        let old = self.standings.first().map(|standing| {
            let owner = &standing.owner;
            let old = format!("{cluster}:{}:{}", owner.namespace(), owner.name());
            (old, owner.to_string())
        });
        let (old, new) = old.unwrap_or_default();
        vec![
            format!(
                "in {cluster}, take the scopes out of `exposes`, or delete the workload there; do not write \
                 `enabled: false`, which deactivates them for everybody"
            ),
            format!(
                "until then, a cluster that takes over whatever its manifests name makes the scopes {old}'s \
                 again at its next pass, with the consumers of the manifest there; `portvakt apply` refuses \
                 there and names both owners"
            ),
            format!(
                "`portvakt apply` makes the client of {new}: a new one with a new id, because a client is found \
                 by the cluster in its description, and the key of {old}'s stays where that still runs; tell \
                 whoever knows clients by their ids"
            ),
        ]
    }
}

fn after_an_adoption(names: &str) -> Vec<String> {
    vec![
        format!(
            "see that everything works, then delete {names} from the old source, so that there is one source \
             of truth: first from what it remembers (`terraform state rm ADDRESS`, or a `removed` block with \
             `destroy = false`), then its definition"
        ),
        "it must not send a DELETE, which deactivates what it is for: `portvakt apply` reactivates a scope, \
         and only the issuer's operator a client"
            .to_owned(),
        "until then each run of its pipeline may write its own description and consumers again".to_owned(),
    ]
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Scope { scope } => format!("scope {scope}"),
        Subject::Client {
            client_id: Some(id),
            ..
        } => format!("client {id}"),
        Subject::Client { client, .. } => format!("client {client}"),
    }
}

/// Where it stands, and what its step asks for.
fn text(standing: &Standing) -> String {
    let name = name(&standing.subject);
    match &standing.stage {
        Stage::Missing => format!("{name} does not exist: there is nothing to adopt"),
        Stage::Describe { description, write } => {
            let write: Vec<_> = write
                .iter()
                .map(|text| format!("        {text}\n"))
                .collect();
            format!(
                "{name}: step 1 of 4, its description is {description:?} and does not say that it is {}'s\n    \
                 write one in the source that manages it now:\n{}    \
                 then let its pipeline apply it (step 2; --wait SECONDS waits for that) and run this again, or go \
                 on without with --take-over",
                standing.owner,
                write.concat(),
            )
        }
        Stage::Refused { problem } => format!("{name}: step 1 of 4, {problem}"),
        Stage::Adopt => format!("{name}: step 3 of 4, ready to become {}'s", standing.owner),
        Stage::Adopted => format!(
            "{name}: step 4 of 4, it is {}'s; delete it from its old source, if it still stands there",
            standing.owner
        ),
    }
}

/// Descriptions of others are shown without what a terminal would obey.
fn shown(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(printable).collect();
    lines.join("\n")
}
