//! `portvakt run`: provision a workload, then start it as its platform would.

use std::io::IsTerminal;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use portvakt_nais::environment::Variables;
use tokio::process::{Child, Command};

use crate::dev::{InitialRegistry, Options, Server};
use crate::output::{Exit, Output};
use crate::provisioning::{
    EnvironmentArgs, ProvisionArgs, describe, login_issuer, resource_environment,
};

/// How long another process may take to start a development server on the same folder.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    provision: ProvisionArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Start a development server on the data folder when none runs there; it stops with the command
    #[arg(long, conflicts_with = "target")]
    dev: bool,
    /// First port of a development server that is started; 0 picks free ones
    #[arg(
        long,
        value_name = "PORT",
        env = "PORTVAKT_BASE_PORT",
        default_value_t = 7700,
        value_parser = clap::value_parser!(u16).range(0..=65530)
    )]
    base_port: u16,
    /// The command and its arguments, after `--`
    #[arg(value_name = "CMD", required = true, last = true)]
    command: Vec<String>,
}

/// Ends with the exit code of the command, 128 and the signal's number if a signal ended it.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let manifest = args.provision.files.read(output)?;
    let server = if args.dev {
        development_server(&args, output).await?
    } else {
        None
    };
    let variables = async {
        let mut session = args.provision.open_for(manifest, output).await?;
        let login = login_issuer(&session, &args.environment).await?;
        let actual = session.observe().await?;
        let plan = session.plan(&actual, output).await?;
        if !plan.is_empty() {
            output.note(describe(&plan));
            session.apply(&plan, &actual, |_, _| ()).await?;
        }
        resource_environment(&session, &args.environment, login.as_ref())
    };
    let ended = match variables.await {
        Ok(variables) => supervise(&args.command, &variables).await,
        Err(error) => Err(error),
    };
    if let Some(server) = server {
        server.stop().await;
    }
    match exit_code(ended?) {
        0 => Ok(()),
        code => Err(Exit(code).into()),
    }
}

/// A new server, or none if one runs on the folder already.
async fn development_server(args: &Args, output: Output) -> anyhow::Result<Option<Server>> {
    let data_dir = args.provision.data_dir.data_dir();
    let started = Instant::now();
    loop {
        let options = Options {
            registry: InitialRegistry::SampleIfEmpty,
            ..Options::empty(data_dir.path(), args.base_port)
        };
        match Server::start(options).await {
            Ok(server) => {
                let issuer = &server.endpoints().maskinporten.issuer;
                output.note(format_args!("development server started: {issuer}"));
                return Ok(Some(server));
            }
            Err(_) if data_dir.endpoints().is_ok() => return Ok(None),
            Err(error) if started.elapsed() > PATIENCE => return Err(error),
            // Another process holds the folder and is about to say where its server is.
            Err(error) if error.to_string().contains("another server") => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Starts the command and waits for its end, passing signals on.
async fn supervise(command: &[String], variables: &Variables) -> anyhow::Result<ExitStatus> {
    let [program, arguments @ ..] = command else {
        bail!("name a command after --");
    };
    let mut process = Command::new(program);
    process.args(arguments);
    // What a shell has left behind of another client must not be mixed with this one's.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("MASKINPORTEN_") || text.starts_with("IDPORTEN_") {
            process.env_remove(&name);
        }
    }
    for variable in variables {
        process.env(&variable.name, variable.value.expose());
    }
    // Signals are listened for before there is a process that they could be meant for.
    let mut signals = signals::Signals::listen()?;
    let mut child = process
        .spawn()
        .with_context(|| format!("start {program}"))?;
    wait(&mut child, &mut signals).await
}

async fn wait(child: &mut Child, signals: &mut signals::Signals) -> anyhow::Result<ExitStatus> {
    // From a terminal the command gets these signals itself.
    let is_terminal = std::io::stdin().is_terminal();
    loop {
        let id = child.id();
        tokio::select! {
            status = child.wait() => return status.context("wait for the command"),
            signal = signals.next() => signals::pass_on(signal, id, is_terminal),
        }
    }
}

#[cfg(unix)]
fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

#[cfg(not(unix))]
fn exit_code(status: ExitStatus) -> u8 {
    u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)
}

#[cfg(unix)]
mod signals {
    use anyhow::Context;
    use rustix::process::{Pid, Signal, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    /// The signals that a command may be told to end, or to do something, by.
    pub(super) struct Signals {
        hangup: tokio::signal::unix::Signal,
        interrupt: tokio::signal::unix::Signal,
        quit: tokio::signal::unix::Signal,
        terminate: tokio::signal::unix::Signal,
        first: tokio::signal::unix::Signal,
        second: tokio::signal::unix::Signal,
    }

    impl Signals {
        pub(super) fn listen() -> anyhow::Result<Self> {
            let listen = |kind| signal(kind).context("listen for signals");
            Ok(Self {
                hangup: listen(SignalKind::hangup())?,
                interrupt: listen(SignalKind::interrupt())?,
                quit: listen(SignalKind::quit())?,
                terminate: listen(SignalKind::terminate())?,
                first: listen(SignalKind::user_defined1())?,
                second: listen(SignalKind::user_defined2())?,
            })
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.hangup.recv() => Signal::HUP,
                _ = self.interrupt.recv() => Signal::INT,
                _ = self.quit.recv() => Signal::QUIT,
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.first.recv() => Signal::USR1,
                _ = self.second.recv() => Signal::USR2,
            }
        }
    }

    pub(super) fn pass_on(signal: Signal, id: Option<u32>, is_terminal: bool) {
        if is_terminal && matches!(signal, Signal::INT | Signal::QUIT) {
            return;
        }
        let id = id.and_then(|id| i32::try_from(id).ok());
        if let Some(process) = id.and_then(Pid::from_raw) {
            // A command that has just ended needs no signal.
            let _ = kill_process(process, signal);
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use anyhow::Context;

    /// A console's Ctrl-C, which reaches the command by itself.
    pub(super) struct Signals;

    impl Signals {
        pub(super) fn listen() -> anyhow::Result<Self> {
            Ok(Self)
        }

        pub(super) async fn next(&mut self) {
            let listened = tokio::signal::ctrl_c().await.context("listen for Ctrl-C");
            if listened.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) fn pass_on((): (), _: Option<u32>, _: bool) {}
}
