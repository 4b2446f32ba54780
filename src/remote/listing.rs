//! Which of many files are there, in few requests.
//!
//! Keys and digests are spread evenly, so the first page of a listing tells how many of those that are asked for
//! a page holds. Where these are many, pages are read from one that is asked for to the next; where they are few
//! in a large shared store, each is asked for by itself. So nobody pays for what others have there.

use std::borrow::Cow;

use crate::store::Digest;
use crate::store::Object;

use super::Progress;
use super::Remote;
use super::RemoteError;
use super::layout;
use super::parallel::each;
use super::storage::Entry;
use super::storage::Page;
use super::storage::Stat;

/// A page of a thousand names takes as long as some few requests for one.
const DENSE: usize = 8;

/// What a listing has told of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// There was none that told.
    Not,
    /// None where the file is not there.
    Listed(Option<Stat>),
}

impl Remote {
    /// The keys with the files of their records, where these are listed together.
    pub(super) fn with_records(
        &self,
        keys: &[Digest],
        progress: &Progress,
    ) -> Result<Vec<(Digest, Option<Vec<Entry>>)>, RemoteError> {
        let folders = keys.iter().map(|key| format!("{}/", layout::records(*key)));
        let listed = self.list_together("records", folders.collect(), progress)?;
        let keys = keys.iter().copied();
        Ok(match listed {
            Some(listed) => keys.zip(listed.into_iter().map(Some)).collect(),
            None => keys.map(|key| (key, None)).collect(),
        })
    }

    /// The files of the records of a key.
    pub(super) fn records_of<'l>(
        &self,
        key: Digest,
        listed: Option<&'l [Entry]>,
    ) -> Result<Cow<'l, [Entry]>, RemoteError> {
        match listed {
            Some(listed) => Ok(Cow::Borrowed(listed)),
            None => self.list(&layout::records(key)).map(Cow::Owned),
        }
    }

    /// The objects with what is known of them there, where they are listed together.
    pub(super) fn with_stats(
        &self,
        objects: &[Object],
        progress: &Progress,
    ) -> Result<Vec<(Object, Known)>, RemoteError> {
        let names = objects.iter().map(|object| layout::object(object.digest));
        let listed = self.list_together("objects", names.collect(), progress)?;
        let objects = objects.iter().copied();
        let known = |entries: Vec<Entry>| match entries.first() {
            None => Known::Listed(None),
            Some(Entry {
                stat: Some(stat), ..
            }) => Known::Listed(Some(*stat)),
            Some(_) => Known::Not,
        };
        Ok(match listed {
            Some(listed) => objects.zip(listed.into_iter().map(known)).collect(),
            None => objects.map(|object| (object, Known::Not)).collect(),
        })
    }

    pub(super) fn list(&self, folder: &str) -> Result<Vec<Entry>, RemoteError> {
        let listed = self.storage.list(folder);
        listed.map_err(|error| RemoteError::io("list", &*self.storage, folder, error))
    }

    /// For each of these beginnings of names the files of `folder` that have it; none where they are better
    /// asked for one by one.
    fn list_together(
        &self,
        folder: &str,
        asked: Vec<String>,
        progress: &Progress,
    ) -> Result<Option<Vec<Vec<Entry>>>, RemoteError> {
        if asked.len() < DENSE {
            return Ok(None);
        }
        let mut order: Vec<usize> = (0..asked.len()).collect();
        order.sort_unstable_by(|a, b| asked[*a].cmp(&asked[*b]));
        let sorted: Vec<&str> = order.iter().map(|index| &*asked[*index]).collect();
        let Some(first) = self.page_from(folder, sorted[0])? else {
            return Ok(None);
        };
        let told = told_by(&first, &sorted);
        if told < DENSE.min(sorted.len()) {
            return Ok(None);
        }
        let mut found = files(&first.entries, &sorted[..told]);
        let rest = &sorted[told..];
        let at_once = self.storage.at_once();
        let parts: Vec<&[&str]> = rest
            .chunks(told.max(rest.len().div_ceil(at_once)))
            .collect();
        let read = each(&parts, at_once, progress, |part| {
            self.scan(folder, part, progress)
        })?;
        for part in read {
            match part {
                Some(part) => found.extend(part),
                None => return Ok(None),
            }
        }
        let mut answers: Vec<Vec<Entry>> = vec![Vec::new(); asked.len()];
        for (index, files) in order.into_iter().zip(found) {
            answers[index] = files;
        }
        Ok(Some(answers))
    }

    /// The files of each, page by page.
    fn scan(
        &self,
        folder: &str,
        sorted: &[&str],
        progress: &Progress,
    ) -> Result<Option<Vec<Vec<Entry>>>, RemoteError> {
        let mut found = Vec::with_capacity(sorted.len());
        while let Some(next) = sorted.get(found.len()) {
            if progress.is_stopped() {
                return Err(RemoteError::Stopped);
            }
            let Some(page) = self.page_from(folder, next)? else {
                return Ok(None);
            };
            let left = &sorted[found.len()..];
            let told = told_by(&page, left);
            match told {
                // More files than a page holds.
                0 => found.push(self.list(next.trim_end_matches('/'))?),
                _ => found.extend(files(&page.entries, &left[..told])),
            }
        }
        Ok(Some(found))
    }

    /// A page that begins with the files whose names begin so.
    fn page_from(&self, folder: &str, begins: &str) -> Result<Option<Page>, RemoteError> {
        // A name that is shorter by a letter comes before it, and hardly anything lies between.
        let after = &begins[..begins.len() - 1];
        let page = self.storage.page(folder, after);
        page.map_err(|error| RemoteError::io("list", &*self.storage, folder, error))
    }
}

/// Of how many a page tells all.
fn told_by(page: &Page, sorted: &[&str]) -> usize {
    match page.entries.last() {
        Some(last) if page.more => {
            let last = &*last.name;
            sorted.partition_point(|begins| {
                *begins == last || (*begins < last && !last.starts_with(begins))
            })
        }
        _ => sorted.len(),
    }
}

/// The files of each, out of sorted ones.
fn files(entries: &[Entry], sorted: &[&str]) -> Vec<Vec<Entry>> {
    let files = sorted.iter().map(|begins| {
        let from = entries.partition_point(|entry| &*entry.name < *begins);
        let rest = entries[from..].iter();
        rest.take_while(|entry| entry.name.starts_with(begins))
            .cloned()
            .collect()
    });
    files.collect()
}
