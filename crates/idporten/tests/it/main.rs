//! The pages as a browser gets them.

mod browser;
mod contents;
mod contracts;
mod headers;
mod hostile;
mod samples;
mod texts;
