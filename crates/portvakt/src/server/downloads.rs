//! Revocation lists that are published on the web: fetched to files, which are then read like any
//! other list.
//!
//! Only addresses that the operator named are ever fetched, never one that a certificate states:
//! a certificate is a stranger's, and its addresses could point anywhere
//! (spec: maskinporten §6.1 step 5).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Url;

use super::trust::parse_lists;
use crate::data_dir::write_private;

/// How often the lists are fetched.
pub(crate) const REFRESH_INTERVAL: Duration = Duration::from_mins(15);

/// Longest wait for one list.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of one list; national ones are a few megabytes.
const MAX_LIST_BYTES: usize = 32 * 1024 * 1024;

/// The lists to fetch, and where each is kept.
pub(crate) struct Downloads {
    http: reqwest::Client,
    lists: Vec<(Url, PathBuf)>,
}

impl Downloads {
    /// Prepares to fetch these addresses to a folder.
    pub(crate) fn new(folder: &Path, urls: &[Url]) -> anyhow::Result<Self> {
        if !urls.is_empty() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("make the folder {}", folder.display()))?;
        }
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("prepare the HTTP client")?;
        let lists = urls
            .iter()
            .map(|url| (url.clone(), folder.join(file_name(url))));
        Ok(Self {
            http,
            lists: lists.collect(),
        })
    }

    /// Where the lists are, once they have been fetched.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.lists.iter().map(|(_, file)| file.clone()).collect()
    }

    /// Fetches every list. One that cannot be had leaves the last good one in its place.
    pub(crate) async fn refresh(&self) {
        for (url, file) in &self.lists {
            let fetched = self.fetch(url).await;
            if let Err(error) = fetched.and_then(|list| write_private(file, &list)) {
                tracing::warn!(
                    %url,
                    error = format!("{error:#}"),
                    "cannot fetch the revocation list; the last one stays"
                );
            }
        }
    }

    async fn fetch(&self, url: &Url) -> anyhow::Result<Vec<u8>> {
        let mut response = self.http.get(url.clone()).send().await?;
        if !response.status().is_success() {
            bail!("answered {}", response.status());
        }
        let mut list = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if list.len() + chunk.len() > MAX_LIST_BYTES {
                bail!("larger than {MAX_LIST_BYTES} bytes");
            }
            list.extend_from_slice(&chunk);
        }
        // What is not a list must not take the place of one.
        parse_lists(&list)?;
        Ok(list)
    }
}

/// A name that differs for addresses that differ, and has nothing that a path could trip over.
fn file_name(url: &Url) -> String {
    let name: String = url
        .as_str()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
            other => format!("_{other:02x}"),
        })
        .collect();
    format!("{}.crl", &name[..name.len().min(200)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_harmless_and_differ() {
        let name = |url: &str| file_name(&Url::parse(url).unwrap());
        let names = [
            name("http://crl.example/../../etc/passwd"),
            name("http://crl.example/a/b"),
            name("http://crl.example/a_2fb"),
            name("http://crl.example/a?b"),
        ];
        for (position, name) in names.iter().enumerate() {
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert!(!names[position + 1..].contains(name), "{name}");
        }
    }
}
