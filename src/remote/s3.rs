//! A shared store in a bucket of S3, or of what speaks its protocol.
//!
//! A write is one request, so half a file is never seen. Requests that a network or a busy server loses are
//! made again; a download goes on from where it broke.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;
use rusty_s3::Bucket;
use rusty_s3::Credentials;
use rusty_s3::S3Action;
use rusty_s3::UrlStyle;
use rusty_s3::actions::ListObjectsV2;
use ureq::http::Response;

use crate::store::Digest;

use super::RemoteError;
use super::layout::MARKER;
use super::s3_answers::Failed;
use super::s3_answers::is_missing;
use super::s3_answers::is_whole_listing;
use super::s3_answers::no_listing;
use super::s3_answers::passing;
use super::s3_answers::stat;
use super::s3_answers::time;
use super::s3_answers::told;
use super::s3_settings::Account;
use super::s3_settings::shown;
use super::storage::Content;
use super::storage::Entry;
use super::storage::Hashed;
use super::storage::Kind;
use super::storage::Page;
use super::storage::Stat;
use super::storage::Storage;

/// Each request waits for an answer most of its time.
const AT_ONCE: usize = 32;

/// Requests are made so often before their failure is told.
const TRIES: u32 = 5;

/// The pause before the second try; doubles for every further one.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a signed request may be on its way.
const SIGNED_FOR: Duration = Duration::from_secs(3600);

/// One request sends no more than this.
const LARGEST: u64 = 5 << 30;

/// How much is moved at a time.
const PIECE: usize = 1 << 18;

/// More than any page of a listing or any error has.
const PAGE: u64 = 64 << 20;

pub(super) struct S3 {
    bucket: Bucket,
    credentials: Option<Credentials>,
    /// Ends in `/` unless it is empty.
    prefix: String,
    place: String,
    agent: ureq::Agent,
}

/// Where a part of a listing begins.
#[derive(Clone, Copy)]
enum From<'f> {
    Start,
    /// Only to see whether there is anything.
    Few,
    /// As the part before says.
    Token(&'f str),
    After(&'f str),
}

impl S3 {
    /// The shared store that `s3://bucket/prefix` names.
    ///
    /// # Errors
    /// Where it names none, or there are no credentials that can be read.
    pub(super) fn new(place: &str) -> Result<Self, RemoteError> {
        let refuse = |why: String| RemoteError::Address {
            place: shown(place),
            why,
        };
        let account = Account::of(place).map_err(refuse)?;
        let endpoint = account.endpoint.parse();
        let endpoint: url::Url = endpoint
            .map_err(|error| refuse(format!("`{}` is no address: {error}", account.endpoint)))?;
        // The name of such a bucket cannot be part of a host's name.
        let style = match account.own_endpoint || account.bucket.contains('.') {
            true => UrlStyle::Path,
            false => UrlStyle::VirtualHost,
        };
        let bucket = Bucket::new(endpoint, style, account.bucket, account.region);
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .timeout_per_write(Some(Duration::from_secs(60)))
            .max_idle_connections_per_host(AT_ONCE)
            .build();
        Ok(S3 {
            bucket: bucket.map_err(|error| refuse(format!("{error:?}")))?,
            credentials: account.credentials,
            prefix: account.prefix,
            place: place.to_owned(),
            agent: agent.into(),
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn again<T>(&self, mut act: impl FnMut() -> Result<T, Failed>) -> io::Result<T> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match act() {
                Ok(done) => return Ok(done),
                Err(Failed::Final(error)) => return Err(error),
                Err(Failed::Passing(error)) => {
                    tracing::debug!(place = self.place, %error, "a request is made again");
                    std::thread::sleep(pause);
                    pause *= 2;
                }
            }
        }
        act().map_err(|(Failed::Passing(error) | Failed::Final(error))| error)
    }

    fn get(&self, name: &str, from: u64) -> Result<Response<ureq::Body>, Failed> {
        let key = self.key(name);
        let url = self.bucket.get_object(self.credentials.as_ref(), &key);
        let mut request = self.agent.get(url.sign(SIGNED_FOR).as_str());
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        request.call().map_err(passing)
    }

    /// Sends a file or a text; false where it is only to be written first and is there.
    fn put(&self, name: &str, content: Content<'_>, first: bool) -> Result<bool, Failed> {
        let key = self.key(name);
        let mut action = self.bucket.put_object(self.credentials.as_ref(), &key);
        if first {
            action.headers_mut().insert("if-none-match", "*");
        }
        let mut request = self.agent.put(action.sign(SIGNED_FOR).as_str());
        if first {
            request = request.header("if-none-match", "*");
        }
        let answer = match content {
            Content::Bytes(bytes) => request.send(bytes),
            Content::File(path, _) => {
                let file = File::open(path).map_err(Failed::Final)?;
                request.send(file)
            }
        };
        let mut answer = answer.map_err(passing)?;
        match answer.status().as_u16() {
            200..=299 => Ok(true),
            412 if first => Ok(false),
            _ => Err(told(&mut answer)),
        }
    }

    /// Whether the server obeys conditions: one that ignores them lets a second writer overwrite the first.
    fn obeys_conditions(&self) -> io::Result<bool> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("probe-{:016x}", u64::from_le_bytes(random));
        let write = || self.again(|| self.put(&name, Content::Bytes(b"probe\n"), true));
        write()?;
        let second = write();
        let key = self.key(&name);
        let action = self.bucket.delete_object(self.credentials.as_ref(), &key);
        // It is of no use to anybody, and small.
        let _ = self.agent.delete(action.sign(SIGNED_FOR).as_str()).call();
        match second {
            Ok(written) => Ok(!written),
            // 501 Not Implemented
            Err(_) => Ok(false),
        }
    }

    /// A page of a listing, and how it goes on.
    fn part(&self, prefix: &str, from: From<'_>) -> Result<(Vec<Entry>, Option<String>), Failed> {
        let mut action = self.bucket.list_objects_v2(self.credentials.as_ref());
        action.with_prefix(prefix);
        match from {
            From::Start => {}
            From::Few => action.with_max_keys(2),
            From::Token(next) => action.with_continuation_token(next),
            From::After(name) => action.with_start_after(name),
        }
        let answer = self.agent.get(action.sign(SIGNED_FOR).as_str()).call();
        let mut answer = answer.map_err(passing)?;
        if answer.status().as_u16() != 200 {
            return Err(told(&mut answer));
        }
        let now = time(&answer, "date").unwrap_or_else(Timestamp::now);
        let mut text = String::new();
        let mut body = answer.body_mut().as_reader().take(PAGE);
        body.read_to_string(&mut text).map_err(Failed::Passing)?;
        // Where it broke off what was read of it looks like a shorter one.
        if !is_whole_listing(&text) {
            return Err(no_listing(&text));
        }
        let page = ListObjectsV2::parse_response(&text);
        let page = page.map_err(|error| Failed::Final(io::Error::other(error.to_string())))?;
        let entries = page.contents.into_iter().map(|found| {
            let written = found.last_modified.and_then(|time| time.parse().ok());
            let known = found.size.zip(written);
            let stat = known.map(|(size, written)| stat(size, now, written));
            let name = &found.key[self.prefix.len().min(found.key.len())..];
            let name = name.to_owned();
            Entry {
                name,
                stat,
                closed: false,
            }
        });
        Ok((entries.collect(), page.next_continuation_token))
    }
}

impl Storage for S3 {
    fn place(&self) -> &str {
        &self.place
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn begin(&self) -> Result<bool, RemoteError> {
        let listed = self.again(|| self.part(&self.prefix, From::Few));
        let (entries, _) = listed.map_err(|error| RemoteError::io("list", self, "", error))?;
        let names = entries.into_iter().map(|entry| entry.name);
        let mut foreign = names.filter(|name| name != MARKER && !name.starts_with("probe-"));
        if let Some(holds) = foreign.next() {
            return Err(RemoteError::Foreign {
                place: self.place.clone(),
                holds,
            });
        }
        let obeys = self.obeys_conditions();
        obeys.map_err(|error| RemoteError::io("write to", self, "", error))
    }

    fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        let key = self.key(name);
        self.again(|| {
            let action = self.bucket.head_object(self.credentials.as_ref(), &key);
            let answer = self.agent.head(action.sign(SIGNED_FOR).as_str()).call();
            let mut answer = answer.map_err(passing)?;
            match answer.status().as_u16() {
                404 => return Ok(None),
                200 => {}
                _ => return Err(told(&mut answer)),
            }
            let size = answer.headers().get("content-length");
            let size = size.and_then(|size| size.to_str().ok()?.parse().ok());
            let size = size.ok_or_else(|| Failed::Final(io::Error::other("it has no size")))?;
            let now = time(&answer, "date").unwrap_or_else(Timestamp::now);
            let written = time(&answer, "last-modified").unwrap_or(now);
            Ok(Some(stat(size, now, written)))
        })
    }

    fn read(&self, name: &str, limit: u64, to: &mut dyn Write) -> io::Result<bool> {
        let mut done = 0;
        let mut piece = vec![0; PIECE];
        self.again(|| {
            let mut answer = self.get(name, done)?;
            match answer.status().as_u16() {
                200 if done == 0 => {}
                206 => {}
                // It has no more than was read.
                416 => return Ok(true),
                404 if is_missing(&mut answer)? => return Ok(false),
                200 => {
                    return Err(Failed::Final(io::Error::other(
                        "it cannot be read in parts",
                    )));
                }
                _ => return Err(told(&mut answer)),
            }
            let mut body = answer.body_mut().as_reader();
            while done < limit {
                let most = PIECE.min(usize::try_from(limit - done).unwrap_or(PIECE));
                match body.read(&mut piece[..most]) {
                    Ok(0) => break,
                    Ok(count) => {
                        to.write_all(&piece[..count]).map_err(Failed::Final)?;
                        done += count as u64;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(Failed::Passing(error)),
                }
            }
            Ok(true)
        })
    }

    fn write(&self, name: &str, content: Content<'_>, kind: Kind) -> io::Result<bool> {
        if let Content::File(path, digest) = content {
            check(path, digest)?;
        }
        // A try that seemed lost may have come through: then what is there is our own.
        self.again(|| self.put(name, content, kind == Kind::First))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Entry>> {
        let prefix = format!("{}{folder}/", self.prefix);
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let from = next.as_deref().map_or(From::Start, From::Token);
            let (entries, more) = self.again(|| self.part(&prefix, from))?;
            found.extend(entries);
            match more {
                Some(more) => next = Some(more),
                None => return Ok(found),
            }
        }
    }

    fn page(&self, folder: &str, after: &str) -> io::Result<Option<Page>> {
        let prefix = format!("{}{folder}/", self.prefix);
        let from = self.key(after);
        let (entries, more) = self.again(|| self.part(&prefix, From::After(&from)))?;
        // Some list in another order (Amazon's directory buckets do), or do not know where to begin.
        let in_order = entries.is_sorted_by(|a, b| a.name < b.name);
        let begins = entries.first().is_none_or(|first| *first.name > *after);
        let more = more.is_some();
        Ok((in_order && begins).then_some(Page { entries, more }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let key = self.key(name);
        self.again(|| {
            let action = self.bucket.delete_object(self.credentials.as_ref(), &key);
            let answer = self.agent.delete(action.sign(SIGNED_FOR).as_str()).call();
            let mut answer = answer.map_err(passing)?;
            match answer.status().as_u16() {
                200..=299 | 404 => Ok(()),
                _ => Err(told(&mut answer)),
            }
        })
    }

    fn settle(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Nothing is sent that is not what its name says.
fn check(path: &std::path::Path, digest: Digest) -> io::Result<()> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > LARGEST {
        return Err(io::Error::other(
            "it has more than 5 GiB, which one request cannot send",
        ));
    }
    let mut nowhere = io::sink();
    let mut hashed = Hashed::new(&mut nowhere);
    io::copy(&mut file, &mut hashed)?;
    file.rewind()?;
    match hashed.digest() == digest {
        true => Ok(()),
        false => {
            let message = format!("`{}` changed meanwhile", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }
}
