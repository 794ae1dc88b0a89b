//! A bad network between a node and its database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The name of the socket in a folder that clients of PostgreSQL look for.
const SOCKET: &str = ".s.PGSQL.5432";

/// Stands between clients and a [`PostgresServer`](super::PostgresServer), and does to their
/// connections what networks do. It lets everything through until it is told otherwise; its
/// connections end when it is dropped.
#[derive(Debug)]
pub struct PostgresProxy {
    _folder: TempDir,
    server: watch::Sender<Arc<Path>>,
    weather: watch::Sender<Weather>,
    _task: JoinSet<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    refuses: bool,
    stalls: bool,
    delay: Duration,
    /// Connections with a lower number are dead, and nobody is told.
    first_alive: u64,
    connections: u64,
}

impl PostgresProxy {
    /// A proxy before the server of this database, and the database's URL through it. Must be
    /// called inside a Tokio runtime.
    pub fn before(database: &str) -> (Self, String) {
        let host = host(database);
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
        let listener = UnixListener::bind(folder.path().join(SOCKET));
        let listener = listener.unwrap_or_else(|error| panic!("a socket: {error}"));
        let url = database.replace(host, &folder.path().display().to_string());
        let server = watch::Sender::new(Arc::from(Path::new(host)));
        let weather = watch::Sender::new(Weather::default());
        let mut task = JoinSet::new();
        task.spawn(accept(listener, server.clone(), weather.clone()));
        let proxy = Self {
            _folder: folder,
            server,
            weather,
            _task: task,
        };
        (proxy, url)
    }

    /// New connections go to the server of this database.
    pub fn lead_to(&self, database: &str) {
        self.server.send_replace(Path::new(host(database)).into());
    }

    /// From now on everything comes through again, at once.
    pub fn heal(&self) {
        self.weather.send_modify(|weather| {
            weather.refuses = false;
            weather.stalls = false;
            weather.delay = Duration::ZERO;
        });
    }

    /// Nothing comes through and nothing is closed, on old and new connections.
    pub fn stall(&self) {
        self.weather.send_modify(|weather| weather.stalls = true);
    }

    /// Nothing ever comes through on the connections that there are, and nothing closes them; new
    /// ones work. It is what clients see of a server whose machine died and whose address moved.
    pub fn forget_connections(&self) {
        self.weather
            .send_modify(|weather| weather.first_alive = weather.connections);
    }

    /// Everything takes this much longer in each direction.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }

    /// Closes every connection, and new ones at once.
    pub fn refuse(&self) {
        self.weather.send_modify(|weather| weather.refuses = true);
    }
}

/// The folder of a server's socket in a URL.
fn host(database: &str) -> &str {
    let host = database.split("host=").nth(1).unwrap_or_default();
    host.split('&').next().unwrap_or_default()
}

async fn accept(
    listener: UnixListener,
    server: watch::Sender<Arc<Path>>,
    weather: watch::Sender<Weather>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let mut number = 0;
        weather.send_modify(|weather| {
            number = weather.connections;
            weather.connections += 1;
        });
        let (server, weather) = (Arc::clone(&server.borrow()), weather.subscribe());
        connections.spawn(async move {
            let mut closing = weather.clone();
            tokio::select! {
                _ = closing.wait_for(|weather| weather.refuses) => {}
                () = forward(client, &server, number, weather) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn forward(
    client: UnixStream,
    server: &Path,
    number: u64,
    weather: watch::Receiver<Weather>,
) {
    let Ok(server) = UnixStream::connect(server.join(SOCKET)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = carry(from_client, to_server, number, weather.clone()) => {}
        () = carry(from_server, to_client, number, weather) => {}
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    mut weather: watch::Receiver<Weather>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes).await;
        let passes = |weather: &Weather| !weather.stalls && number >= weather.first_alive;
        // An end does not come through either: a network that was cut closes nothing.
        let Ok(delay) = weather.wait_for(passes).await.map(|weather| weather.delay) else {
            return;
        };
        let Ok(length @ 1..) = read else {
            return;
        };
        tokio::time::sleep(delay).await;
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
