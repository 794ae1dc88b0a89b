use portvakt_nais::environment::WebProxy;

/// What a cluster gives to Pods, beside the Secrets of their clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The web proxy; none where the network needs none.
    pub proxy: Option<WebProxy>,
    /// The token sidecar; none where there is none to give.
    pub sidecar: Option<SidecarImage>,
    /// The Secret of the client that Applications with a login proxy share, `idporten-sso` on the platform.
    /// They get no credentials of ID-porten where there is none.
    pub shared_idporten_secret: Option<String>,
    /// An Application with a login proxy has an ID-porten client of its own, and not the shared one.
    pub own_idporten_client: bool,
    /// The Secrets of ID-porten clients have `IDPORTEN_AUDIENCE`, without which the sidecar verifies no tokens
    /// of ID-porten.
    pub idporten_has_audience: bool,
}

/// Which program the token sidecar is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SidecarImage {
    /// A reference of an image.
    pub image: String,
    /// Arguments of its entry point.
    pub args: Vec<String>,
}
