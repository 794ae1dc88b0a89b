//! The built binary, driven as people and programs drive it.

mod architecture;
mod clients;
mod commands;
mod demo;
mod readme;
mod support;
