//! Scopes and access to them (spec: selfservice §6, §7).

pub(crate) mod access;
mod attributes;
pub(crate) mod catalogue;
pub(crate) mod own;
pub(crate) mod pages;
pub(crate) mod view;
