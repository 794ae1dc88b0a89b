//! How the story looks: numbered steps with their exchanges for people, one document for programs.

use anstream::println;
use anstyle::{AnsiColor, Style};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::wire::Exchange;
use crate::output::Output;
use crate::verification::Verification;

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const QUIET: Style = Style::new().dimmed();

/// Longest string of an answer that is shown whole.
const WHOLE: usize = 100;

/// Tells the story. Colors appear on a terminal only.
pub(super) struct Narrator {
    output: Output,
    steps: Vec<Value>,
}

impl Narrator {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            steps: Vec::new(),
        }
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &str) {
        self.steps
            .push(json!({ "step": self.steps.len() + 1, "title": title }));
        if !self.output.is_json() {
            println!("\n{HEADING}{}. {title}{HEADING:#}", self.steps.len());
        }
    }

    /// Shows the command that does what the step does.
    pub(super) fn command(&mut self, command: &str) {
        self.note("commands", json!(command));
        self.line(&format!("{QUIET}${QUIET:#} {command}"));
    }

    /// Shows a request and its answer, with what grant and token say.
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        self.note(
            "exchanges",
            json!({
                "request": exchange.request_line,
                "grant": exchange.grant.as_deref().and_then(decode),
                "status": exchange.status,
                "body": exchange.body,
            }),
        );
        self.line(&format!("{QUIET}→{QUIET:#} {}", exchange.request_line));
        if let Some(grant) = &exchange.grant {
            let form = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion";
            self.line(&format!("  {form}={}", shorten(grant)));
            self.decoded("the grant says", grant);
        }
        let style = if exchange.status < 400 { GOOD } else { BAD };
        self.line(&format!(
            "{QUIET}←{QUIET:#} {style}{}{style:#}",
            exchange.status
        ));
        self.line(&format!("  {}", shortened(&exchange.body)));
        if let Some(token) = exchange.body["access_token"].as_str() {
            self.decoded("the token says", token);
        }
    }

    /// Shows what an API found about a token.
    pub(super) fn verification(&mut self, verification: &Verification) {
        self.note("verification", json!(verification.checks));
        for check in &verification.checks {
            let (style, mark) = if check.passed {
                (GOOD, "✓")
            } else {
                (BAD, "✗")
            };
            self.line(&format!(
                "{style}{mark}{style:#} {:<10} {}",
                check.check, check.detail
            ));
        }
    }

    /// Shows why a grant was refused: each failed check, what was compared, what helps.
    pub(super) fn explanation(&mut self, explanation: &Value) {
        self.note("explanation", explanation.clone());
        let checks = explanation["checks"].as_array().into_iter().flatten();
        for check in checks.filter(|check| check["result"] == "failed") {
            let text = |name: &str| check[name].as_str().unwrap_or_default();
            self.line(&format!("{BAD}✗{BAD:#} does not hold: {}", text("title")));
            self.line(&format!("  {QUIET}because{QUIET:#} {}", text("compared")));
            self.line(&format!("  {QUIET}next{QUIET:#}    {}", text("next_step")));
        }
    }

    /// Ends the story: programs get all of it now.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let last = "That is all: an API is a scope, access belongs to organizations, tokens are short-lived.\n\
                    Next: `portvakt dev` runs such a server for you; the README says how to use it.";
        self.output.result(&self.steps, format_args!("\n{last}"))
    }

    /// Header and claims of a JWT, one claim a line.
    fn decoded(&self, what: &str, jwt: &str) {
        let Some(decoded) = decode(jwt) else { return };
        self.line(&format!("  {QUIET}{what}{QUIET:#} {}", decoded["header"]));
        for (name, value) in decoded["claims"].as_object().into_iter().flatten() {
            self.line(&format!("    {name}: {value}"));
        }
    }

    fn line(&self, text: &str) {
        if !self.output.is_json() {
            println!("   {text}");
        }
    }

    /// Adds to the present step of the document.
    fn note(&mut self, name: &str, value: Value) {
        let Some(step) = self.steps.last_mut() else {
            return;
        };
        match step.get_mut(name).and_then(Value::as_array_mut) {
            Some(values) => values.push(value),
            None => step[name] = json!([value]),
        }
    }
}

/// Header and claims of a JWT that is known to be well formed.
fn decode(jwt: &str) -> Option<Value> {
    let part = |index| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(index)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    Some(json!({ "header": part(0)?, "claims": part(1)? }))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= WHOLE {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(24).collect();
    format!("{beginning}… ({} characters)", text.chars().count())
}

/// The same document with long opaque strings cut; error descriptions stay whole.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if !text.contains(' ') => json!(shorten(text)),
        Value::Array(values) => values.iter().map(shortened).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect(),
        other => other.clone(),
    }
}
