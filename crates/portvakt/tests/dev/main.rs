//! `portvakt dev` as a developer meets it: the built binary as a process, over HTTP and files.

mod certificates;
mod clock;
mod documentation;
mod faults;
mod guard;
mod harness;
mod keys;
mod lifecycle;
mod replay;
mod requests;
mod secrets;
mod tokens;
