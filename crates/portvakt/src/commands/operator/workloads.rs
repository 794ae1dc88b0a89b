//! What workloads get: client resources, and what their Pods are given.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::ArgGroup;
use portvakt_core::{Clock, SystemClock};
use portvakt_http::{Listener, Shutdown};
use portvakt_nais::environment::WebProxy;
use portvakt_operator::injection::{Settings, SidecarImage};
use portvakt_operator::shell::Client;
use portvakt_operator::webhook::Webhook;
use portvakt_operator::webhook::certificates::{Place, Schedule};
use portvakt_operator::workload;

use super::parts::Parts;
use crate::request_ids::request_ids;

/// How often the Secret with the certificates is looked at.
const INTERVAL: Duration = Duration::from_secs(10);

/// Flags. What only the webhook uses is refused without it, rather than being of no effect.
#[derive(Clone, Debug, clap::Args)]
#[command(group = ArgGroup::new("workload_work").args(["applications", "webhook"]).multiple(true))]
pub(super) struct WorkloadArgs {
    /// Make the client resources of Applications and Naisjobs, where no platform does
    #[arg(long, env = "PORTVAKT_APPLICATIONS")]
    applications: bool,
    /// Give an Application with a login proxy an ID-porten client of its own
    #[arg(
        long,
        env = "PORTVAKT_OWN_IDPORTEN_CLIENT",
        requires_if("true", "workload_work")
    )]
    own_idporten_client: bool,
    /// Answer the API server about new Pods at this address [default: no webhook]
    #[arg(long, value_name = "ADDRESS", env = "PORTVAKT_WEBHOOK")]
    webhook: Option<SocketAddr>,
    /// Name of its Service, of its configuration and of the Secret with its certificates
    #[arg(
        long,
        value_name = "NAME",
        env = "PORTVAKT_WEBHOOK_NAME",
        requires = "webhook",
        default_value = "portvakt-webhook"
    )]
    webhook_name: String,
    /// Namespace of all three [default: that of the operator's Pod, or of the kubeconfig]
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "PORTVAKT_WEBHOOK_NAMESPACE",
        requires = "webhook"
    )]
    webhook_namespace: Option<String>,
    /// Seconds that it goes on answering after a signal to stop
    #[arg(
        long,
        value_name = "SECONDS",
        env = "PORTVAKT_WEBHOOK_DRAIN",
        requires = "webhook",
        default_value_t = 10
    )]
    webhook_drain: u64,
    /// Web proxy of Pods whose workload has `webproxy: true`
    #[arg(
        long,
        value_name = "URL",
        env = "PORTVAKT_WEB_PROXY",
        requires = "webhook"
    )]
    web_proxy: Option<String>,
    /// Host that is reached without it; may be repeated [default: localhost]
    #[arg(
        long,
        value_name = "HOST",
        env = "PORTVAKT_NO_WEB_PROXY",
        requires = "web_proxy",
        value_delimiter = ','
    )]
    no_web_proxy: Vec<String>,
    /// Image of the token sidecar [default: no sidecar]
    #[arg(
        long,
        value_name = "IMAGE",
        env = "PORTVAKT_SIDECAR_IMAGE",
        requires = "webhook"
    )]
    sidecar_image: Option<String>,
    /// Argument of its entry point; may be repeated
    #[arg(long, value_name = "ARGUMENT", requires = "sidecar_image")]
    sidecar_arg: Vec<String>,
    /// Secret of the client that Applications with a login proxy share [default: none]
    #[arg(
        long,
        value_name = "NAME",
        env = "PORTVAKT_SHARED_IDPORTEN_SECRET",
        requires = "webhook"
    )]
    shared_idporten_secret: Option<String>,
}

impl WorkloadArgs {
    /// Begins to make client resources of workloads, if that is to be done, until `stop`.
    pub(super) fn make_clients<F>(
        &self,
        client: &Client,
        controllers: &mut Parts,
        stop: impl Fn() -> F,
    ) where
        F: Future<Output = ()> + Send + Sync + 'static,
    {
        let kinds: &[_] = if self.applications {
            &workload::KINDS
        } else {
            &[]
        };
        for kind in kinds {
            let (client, own) = (client.clone(), self.own_idporten_client);
            controllers.start(kind.as_str(), workload::run(*kind, client, own, stop()));
        }
    }

    /// How long the webhook goes on answering after a signal to stop.
    pub(super) fn drain(&self) -> Duration {
        Duration::from_secs(self.webhook_drain)
    }

    /// The webhook with its listener, if there is to be one. `has_audience` says that Secrets of login clients have
    /// an audience.
    pub(super) async fn webhook(
        &self,
        client: &Client,
        has_audience: bool,
    ) -> anyhow::Result<Option<(Webhook, Listener)>> {
        let Some(address) = self.webhook else {
            return Ok(None);
        };
        let settings = self.settings(has_audience)?;
        let listener = Listener::bind(address).await;
        let listener = listener.with_context(|| format!("--webhook: listen on {address}"))?;
        let namespace = self.webhook_namespace.as_deref();
        let namespace = namespace
            .unwrap_or_else(|| client.default_namespace())
            .to_owned();
        let name = &self.webhook_name;
        let place = Place {
            names: vec![format!("{name}.{namespace}.svc")],
            namespace,
            secret: name.clone(),
            configuration: name.clone(),
            schedule: Schedule::default(),
            interval: INTERVAL,
        };
        let webhook = Webhook {
            client: client.clone(),
            settings,
            place,
            drain: self.drain(),
        };
        Ok(Some((webhook, listener)))
    }

    fn settings(&self, has_audience: bool) -> anyhow::Result<Settings> {
        let proxy = self.web_proxy.as_deref();
        let proxy = proxy.map(|address| WebProxy::parse(address, &self.no_web_proxy));
        let sidecar = self.sidecar_image.clone().map(|image| SidecarImage {
            image,
            args: self.sidecar_arg.clone(),
        });
        Ok(Settings {
            proxy: proxy.transpose().context("--web-proxy")?,
            sidecar,
            shared_idporten_secret: self.shared_idporten_secret.clone(),
            own_idporten_client: self.own_idporten_client,
            idporten_has_audience: has_audience,
        })
    }
}

/// Serves the webhook until `stop` comes, and a while longer.
pub(super) async fn serve(webhook: Webhook, listener: Listener, stop: impl Future<Output = ()>) {
    let shutdown = Shutdown::new();
    let stopping = async {
        stop.await;
        shutdown.trigger();
    };
    tokio::join!(
        webhook.run(listener, request_ids(), now, shutdown.clone()),
        stopping
    );
}

fn now() -> i64 {
    SystemClock.now().seconds()
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::WorkloadArgs;

    /// What is said about these arguments, if they are refused.
    fn refusal(arguments: &[&str]) -> Option<String> {
        let command = WorkloadArgs::augment_args(clap::Command::new("operator"));
        let arguments = ["operator"].iter().chain(arguments);
        let refused = command.try_get_matches_from(arguments).err();
        refused.map(|error| error.to_string())
    }

    #[test]
    fn what_has_no_effect_alone_is_refused_with_what_is_missing() {
        let webhook = ["--webhook", "127.0.0.1:9443"];
        for (option, missing) in [
            (&["--webhook-name", "a"][..], "--webhook <ADDRESS>"),
            (&["--webhook-namespace", "a"], "--webhook <ADDRESS>"),
            (&["--webhook-drain", "0"], "--webhook <ADDRESS>"),
            (&["--web-proxy", "http://proxy:1"], "--webhook <ADDRESS>"),
            (&["--sidecar-image", "a"], "--webhook <ADDRESS>"),
            (&["--shared-idporten-secret", "a"], "--webhook <ADDRESS>"),
            (
                &["--own-idporten-client"],
                "--applications|--webhook <ADDRESS>",
            ),
        ] {
            let refused = refusal(option).expect("it has no effect");
            assert!(refused.contains(missing), "{option:?}: {refused}");
            assert_eq!(refusal(&[option, &webhook].concat()), None);
        }
        for (option, missing) in [
            (["--no-web-proxy", "a"], "--web-proxy <URL>"),
            (["--sidecar-arg", "a"], "--sidecar-image <IMAGE>"),
        ] {
            let refused = refusal(&[option, webhook].concat()).expect("it has no effect");
            assert!(refused.contains(missing), "{option:?}: {refused}");
        }
        assert_eq!(refusal(&[]), None);
        assert_eq!(refusal(&["--applications", "--own-idporten-client"]), None);
    }
}
