//! A shell script that owns servers. It takes commands on its standard input, answers each with a line,
//! and takes the servers away when its input ends, which the operating system sees to when the test
//! process does.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

#[derive(Debug)]
pub(crate) struct Keeper {
    /// What it keeps, for messages.
    what: &'static str,
    process: Child,
    /// None once the servers are to go.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts the script, and waits until it has done what it does first.
    pub(crate) fn start(what: &'static str, command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("the shell of {what}: {error}"));
        let commands = process.stdin.take();
        let answers = process.stdout.take().map(BufReader::new);
        let mut keeper = Self {
            what,
            process,
            commands,
            answers: answers.unwrap_or_else(|| unreachable!("it is piped")),
        };
        keeper.done();
        keeper
    }

    /// Gives a command, and waits until it is done.
    pub(crate) fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut();
        let commands = commands.unwrap_or_else(|| unreachable!("it ends with the keeper"));
        writeln!(commands, "{command}").unwrap_or_else(|error| panic!("{command}: {error}"));
        self.done();
    }

    fn done(&mut self) {
        let mut answer = String::new();
        let read = self.answers.read_line(&mut answer);
        assert!(
            read.is_ok() && answer.trim() == "done",
            "{} for tests: {answer}",
            self.what
        );
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.process.wait();
    }
}
