//! The login surface.
//!
//! [`pages`] makes its pages: functions from a description of what is to be seen to HTML and the
//! headers that go with it.

pub mod pages;
