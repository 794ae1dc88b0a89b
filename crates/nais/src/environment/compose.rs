//! The whole environment of a workload, with the platform's precedence (spec: nais §8.2).

use std::collections::HashMap;

use super::proxy::WebProxy;
use super::variable::{Secret, Value, Variable, Variables};
use crate::model::{EnvValue, Workload};
use crate::naming::Owner;

const DEFAULT_PORT: u16 = 8080;

/// What the platform tells a workload about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform<'p> {
    /// Who the workload is.
    pub owner: &'p Owner,
    /// Name of the Pod, or of the machine.
    pub pod_name: &'p str,
}

/// `NAIS_*`, `PORT`, `BIND_ADDRESS` and `LOG4J_FORMAT_MSG_NO_LOOKUPS`.
pub fn platform_variables(platform: &Platform<'_>, workload: &Workload) -> Variables {
    let port = workload.port.unwrap_or(DEFAULT_PORT);
    let owner = platform.owner;
    vec![
        Variable::plain("NAIS_APP_NAME", owner.name()),
        Variable::plain("NAIS_NAMESPACE", owner.namespace()),
        Variable::plain(
            "NAIS_APP_IMAGE",
            workload.image.as_deref().unwrap_or_default(),
        ),
        Variable::plain("NAIS_CLUSTER_NAME", owner.cluster()),
        Variable::plain("NAIS_CLIENT_ID", owner.to_string()),
        Variable::plain("NAIS_POD_NAME", platform.pod_name),
        Variable::plain("LOG4J_FORMAT_MSG_NO_LOOKUPS", "true"),
        Variable::plain("PORT", port.to_string()),
        Variable::plain("BIND_ADDRESS", format!("0.0.0.0:{port}")),
    ]
}

/// `NAIS_TOKEN_*`: where the token sidecar is. The base is `http://127.0.0.1:7164` on the platform.
pub fn token_variables(sidecar: &str) -> Variables {
    let base = sidecar.trim_end_matches('/');
    let endpoint = |name: &str, path: &str| Variable::plain(name, format!("{base}/api/v1/{path}"));
    vec![
        endpoint("NAIS_TOKEN_ENDPOINT", "token"),
        endpoint("NAIS_TOKEN_EXCHANGE_ENDPOINT", "token/exchange"),
        endpoint("NAIS_TOKEN_INTROSPECTION_ENDPOINT", "introspect"),
    ]
}

/// What is put around a workload's own variables.
#[derive(Clone, Debug, Default)]
pub struct Injected<'i> {
    /// Entries of the clients' Secrets, ID-porten before Maskinporten.
    pub credentials: Variables,
    /// Entries of the sources in `spec.envFrom`, in their order.
    pub env_from: Variables,
    /// The web proxy, where there is one. It is used only if the workload asks for it.
    pub proxy: Option<&'i WebProxy>,
    /// Platform variables.
    pub platform: Variables,
    /// Variables of the token sidecar, if it runs.
    pub token: Variables,
}

/// Every variable once, in an order that ends with the strongest: credentials, `spec.envFrom`,
/// proxy, platform, `spec.env`, token sidecar. `$(NAME)` in `spec.env` stands for an entry before
/// it (`$$(NAME)` for itself) and is left as it is when there is none.
///
/// # Errors
/// The field of every `valueFrom` that has no meaning outside a Pod.
pub fn compose(workload: &Workload, injected: Injected<'_>) -> Result<Variables, Vec<String>> {
    let mut composed = Composed::default();
    let sources = injected.credentials.into_iter().chain(injected.env_from);
    sources.for_each(|variable| composed.put(variable));
    let proxy = injected.proxy.filter(|_| workload.webproxy);
    let proxy = proxy.map(WebProxy::variables).unwrap_or_default();
    let defaults = proxy.into_iter().chain(injected.platform);
    defaults.for_each(|variable| composed.put(variable));
    let mut unknown = Vec::new();
    for variable in &workload.env {
        let value = match &variable.value {
            EnvValue::Text(text) => Some(composed.expand(text)),
            EnvValue::Field(field) => composed.field(field),
        };
        match (value, &variable.value) {
            (Some(value), _) => {
                let name = variable.name.clone();
                composed.put(Variable { name, value });
            }
            (None, EnvValue::Field(field)) => unknown.push(field.clone()),
            (None, EnvValue::Text(_)) => {}
        }
    }
    injected
        .token
        .into_iter()
        .for_each(|variable| composed.put(variable));
    if unknown.is_empty() {
        Ok(composed.variables)
    } else {
        Err(unknown)
    }
}

#[derive(Default)]
struct Composed {
    variables: Variables,
    positions: HashMap<String, usize>,
}

impl Composed {
    fn put(&mut self, variable: Variable) {
        if let Some(position) = self.positions.get(&variable.name) {
            self.variables[*position] = variable;
            return;
        }
        let position = self.variables.len();
        self.positions.insert(variable.name.clone(), position);
        self.variables.push(variable);
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let position = self.positions.get(name)?;
        self.variables
            .get(*position)
            .map(|variable| &variable.value)
    }

    /// What holds a secret is one.
    fn expand(&self, text: &str) -> Value {
        let mut expanded = String::with_capacity(text.len());
        let mut is_secret = false;
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            expanded.push_str(&rest[..at]);
            rest = &rest[at..];
            let (taken, secret) = self.reference(rest, &mut expanded);
            is_secret |= secret;
            rest = &rest[taken..];
        }
        expanded.push_str(rest);
        if is_secret {
            Value::Secret(Secret::new(expanded))
        } else {
            Value::Plain(expanded)
        }
    }

    /// Writes what stands for the reference at the start of the text, which begins with `$`.
    fn reference(&self, text: &str, expanded: &mut String) -> (usize, bool) {
        if text.starts_with("$$") {
            expanded.push('$');
            return (2, false);
        }
        let name = text
            .strip_prefix("$(")
            .and_then(|rest| rest.split_once(')'));
        let found = name.and_then(|(name, _)| Some((name, self.get(name)?)));
        let Some((name, value)) = found else {
            expanded.push('$');
            return (1, false);
        };
        expanded.push_str(value.expose());
        (name.len() + 3, value.is_secret())
    }

    fn field(&self, path: &str) -> Option<Value> {
        let name = match path {
            "metadata.name" => "NAIS_POD_NAME",
            "metadata.namespace" => "NAIS_NAMESPACE",
            _ => return None,
        };
        self.get(name).cloned()
    }
}
