use portvakt_nais::naming::NameError;

/// Why a Pod is not made: it asks for something that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It asks for the credentials of a client and does not say of which.
    #[error("label portvakt/inject: add the label app with the name of the client resource")]
    NoName,
    /// It asks for the credentials of a client by what is no name.
    #[error("label app: {0}")]
    Name(NameError),
    /// There is no client of that name.
    #[error(
        "label portvakt/inject: there is no MaskinportenClient and no IDPortenClient {0} in the namespace of \
         the Pod; apply one, or name another in the label app"
    )]
    NoClient(String),
    /// An annotation says something that means nothing.
    #[error("annotation {annotation}: write \"true\" or \"false\"")]
    Value {
        /// Its name.
        annotation: &'static str,
    },
    /// An annotation names a container that the Pod does not have.
    #[error("annotation portvakt/containers: the Pod has no container {0}")]
    NoContainer(String),
    /// An annotation names more containers than a Pod has reason to.
    #[error("annotation portvakt/containers: name {most} containers at most")]
    TooManyContainers {
        /// How many it may name.
        most: usize,
    },
    /// The token sidecar is asked for, and the operator has none to give.
    #[error(
        "annotation portvakt/sidecar: the operator has no image of the token sidecar; name one in its \
         configuration, or leave the annotation out"
    )]
    NoSidecar,
    /// Whoever reaches the sidecar gets tokens, and on the host's network that is the whole node.
    #[error(
        "the token sidecar must not run on the host's network, where every process of the node could fetch \
         tokens: leave hostNetwork out, or write the annotation portvakt/sidecar: \"false\""
    )]
    HostNetwork,
    /// The text of the platform (spec: nais §3.3).
    #[error("cannot use port '{0}'; conflicts with sidecar")]
    Port(i32),
    /// Every name that a volume could have is taken.
    #[error("the volume {0} is of another kind: give it another name")]
    Volume(String),
}
