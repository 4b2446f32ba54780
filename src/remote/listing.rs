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

#[cfg(test)]
mod tests {
    use std::io;
    use std::io::Write;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::super::layout::Marker;
    use super::super::storage::Content;
    use super::super::storage::Kind;
    use super::super::storage::Storage;
    use super::*;

    /// Names that are listed in pages.
    struct Paged {
        names: Vec<String>,
        size: usize,
        requests: AtomicUsize,
    }

    impl Paged {
        fn from(&self, first: usize, most: usize) -> Vec<Entry> {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let stat = Some(Stat::written(7, Ok(Duration::ZERO)));
            let names = self.names[first..].iter().take(most);
            let entry = |name: &String| Entry {
                name: name.clone(),
                stat,
                closed: false,
            };
            names.map(entry).collect()
        }
    }

    impl Storage for &'static Paged {
        fn place(&self) -> &str {
            "paged"
        }

        fn at_once(&self) -> usize {
            4
        }

        fn begin(&self) -> Result<bool, RemoteError> {
            Ok(true)
        }

        fn stat(&self, _: &str) -> io::Result<Option<Stat>> {
            Ok(None)
        }

        fn read(&self, _: &str, _: u64, _: &mut dyn Write) -> io::Result<bool> {
            Ok(false)
        }

        fn write(&self, _: &str, _: Content<'_>, _: Kind) -> io::Result<bool> {
            Ok(true)
        }

        fn list(&self, folder: &str) -> io::Result<Vec<Entry>> {
            let folder = format!("{folder}/");
            let first = self.names.partition_point(|name| *name < folder);
            let all = self.from(first, usize::MAX).into_iter();
            Ok(all
                .take_while(|entry| entry.name.starts_with(&folder))
                .collect())
        }

        fn page(&self, folder: &str, after: &str) -> io::Result<Option<Page>> {
            assert!(self.names.iter().all(|name| name.starts_with(folder)));
            let first = self.names.partition_point(|name| &**name <= after);
            let more = first + self.size < self.names.len();
            let entries = self.from(first, self.size);
            Ok(Some(Page { entries, more }))
        }

        fn remove(&self, _: &str) -> io::Result<()> {
            Ok(())
        }

        fn settle(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn keys(which: std::ops::Range<u32>) -> Vec<Digest> {
        which.map(|key| Digest::of(&key.to_le_bytes())).collect()
    }

    /// A place with one record of each of these keys, and as many more of the first as are said.
    fn place(keys: &[Digest], more: u32, size: usize) -> (&'static Paged, Remote) {
        let first = (0..more).map(|one| (keys[0], Digest::of(format!("x{one}").as_bytes())));
        let records = keys.iter().map(|key| (*key, *key)).chain(first);
        let mut names: Vec<String> = records
            .map(|(key, digest)| layout::record(key, digest))
            .collect();
        names.sort();
        let place: &'static Paged = Box::leak(Box::new(Paged {
            names,
            size,
            requests: AtomicUsize::new(0),
        }));
        let marker = Marker::new(true).expect("random numbers");
        (place, Remote::of(Box::new(place), marker))
    }

    /// What is listed together is what is listed one by one; how many requests that took.
    fn asked(place: &'static Paged, remote: &Remote, keys: &[Digest]) -> (bool, usize) {
        let listed = remote.with_records(keys, &Progress::default());
        let listed = listed.expect("it answers");
        let requests = place.requests.swap(0, Ordering::Relaxed);
        let together = listed.iter().all(|(_, listed)| listed.is_some());
        for ((key, listed), asked) in listed.iter().zip(keys) {
            assert_eq!(key, asked);
            if let Some(listed) = listed {
                assert_eq!(
                    *listed,
                    remote.list(&layout::records(*key)).expect("it answers")
                );
            }
        }
        place.requests.store(0, Ordering::Relaxed);
        (together, requests)
    }

    #[test]
    fn many_keys_take_as_many_requests_as_there_are_pages() {
        for (there, size) in [(3000, 100), (3000, 1000), (3000, 10_000), (50, 7)] {
            let (place, remote) = place(&keys(0..there), 0, size);
            // Every third is not there, one is asked for twice.
            let mut wanted = keys(there / 2..there + there / 4);
            wanted.push(wanted[3]);
            let (together, requests) = asked(place, &remote, &wanted);
            assert!(together || size < 20, "{there} in pages of {size}");
            let pages = there as usize / size + 1;
            assert!(
                requests <= pages + 5,
                "{requests} requests for {pages} pages"
            );
        }
    }

    #[test]
    fn few_keys_of_many_are_asked_for_one_by_one() {
        let (place, remote) = place(&keys(0..20_000), 0, 100);
        assert_eq!(asked(place, &remote, &keys(0..100)), (false, 1));
        // One page holds no more than one of them, but it is not worth a look.
        assert_eq!(asked(place, &remote, &keys(0..5)), (false, 0));
        let (empty, remote) = self::place(&keys(0..1), 0, 100);
        assert_eq!(asked(empty, &remote, &keys(5..5000)), (true, 1));
    }

    #[test]
    fn a_key_with_more_records_than_a_page_holds_has_them_all() {
        let there = keys(0..400);
        let (place, remote) = place(&there, 250, 100);
        let (together, requests) = asked(place, &remote, &there);
        assert!(together);
        assert!(requests < 20, "{requests}");
    }

    #[test]
    fn objects_are_known_with_their_size_or_not_to_be_there() {
        let there = keys(0..500);
        let mut names: Vec<String> = there.iter().map(|digest| layout::object(*digest)).collect();
        names.sort();
        let place: &'static Paged = Box::leak(Box::new(Paged {
            names,
            size: 100,
            requests: AtomicUsize::new(0),
        }));
        let remote = Remote::of(Box::new(place), Marker::new(true).expect("random numbers"));
        let all: Vec<Object> = keys(0..600)
            .into_iter()
            .map(|digest| Object::plain(digest, 7))
            .collect();
        let known = remote.with_stats(&all, &Progress::default());
        for (index, (object, known)) in known.expect("it answers").into_iter().enumerate() {
            assert_eq!(object, all[index]);
            let stat = Stat::written(7, Ok(Duration::ZERO));
            assert_eq!(
                known,
                Known::Listed((index < 500).then_some(stat)),
                "{index}"
            );
        }
        assert!(place.requests.load(Ordering::Relaxed) <= 11);
    }
}
