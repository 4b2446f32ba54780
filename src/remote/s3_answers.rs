//! What a server of S3 answers: whether to ask once more, and what is told of a failure.

use std::io;
use std::io::Read;
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::Response;

use super::storage::Stat;

/// Whether to make a request once more.
pub(super) enum Failed {
    Passing(io::Error),
    Final(io::Error),
}

/// A request that did not come through. What the client says of it may have its address in it, which is
/// signed: only its kind is told.
pub(super) fn passing(error: ureq::Error) -> Failed {
    match error {
        ureq::Error::Io(error) => Failed::Passing(error),
        ureq::Error::Timeout(_) => Failed::Passing(io::ErrorKind::TimedOut.into()),
        ureq::Error::HostNotFound => {
            Failed::Passing(io::Error::other("there is no such host, or no network"))
        }
        ureq::Error::ConnectionFailed => Failed::Passing(io::ErrorKind::ConnectionRefused.into()),
        ureq::Error::Rustls(error) => Failed::Final(io::Error::other(error.to_string())),
        ureq::Error::Protocol(error) => Failed::Passing(io::Error::other(error.to_string())),
        ureq::Error::BodyStalled => Failed::Passing(io::ErrorKind::TimedOut.into()),
        _ => Failed::Final(io::Error::other("the request cannot be made")),
    }
}

/// What a server says that did not do it.
pub(super) fn told(answer: &mut Response<ureq::Body>) -> Failed {
    let status = answer.status().as_u16();
    let region = answer.headers().get("x-amz-bucket-region");
    let region = region
        .and_then(|region| region.to_str().ok())
        .map(str::to_owned);
    let mut text = String::new();
    // Without words there is the number.
    let _ = answer
        .body_mut()
        .as_reader()
        .take(1 << 16)
        .read_to_string(&mut text);
    let code = tag(&text, "Code").unwrap_or("");
    let said = match tag(&text, "Message") {
        Some(message) => format!("{status} {code}: {message}"),
        None => format!("the server says {status} {code}"),
    };
    let kind = match status {
        403 | 401 => io::ErrorKind::PermissionDenied,
        507 => io::ErrorKind::StorageFull,
        _ => io::ErrorKind::Other,
    };
    match status {
        301 | 307 | 400 if region.is_some() && code != "BadDigest" => {
            let region = region.unwrap_or_default();
            let said =
                format!("{said}; the bucket is in the region `{region}`: AWS_REGION says so");
            Failed::Final(io::Error::new(kind, said))
        }
        408 | 409 | 429 | 500 | 502 | 503 | 504 => Failed::Passing(io::Error::new(kind, said)),
        _ => Failed::Final(io::Error::new(kind, said)),
    }
}

/// Whether the text of a page is there to its end.
pub(super) fn is_whole_listing(text: &str) -> bool {
    let last = text.trim_end().rsplit_once("</");
    last.is_some_and(|(_, last)| last.rsplit(':').next() == Some("ListBucketResult>"))
}

/// What came in place of a page, though the server said that all is well: a part of one, or an error that it met
/// after it had begun to answer.
pub(super) fn no_listing(text: &str) -> Failed {
    let said = match (tag(text, "Code"), tag(text, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => format!("the server says {code}"),
        (None, _) => "the listing broke off".to_owned(),
    };
    Failed::Passing(io::Error::other(said))
}

/// The time that a header tells.
pub(super) fn time(answer: &Response<ureq::Body>, header: &str) -> Option<Timestamp> {
    let text = answer.headers().get(header)?.to_str().ok()?;
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(time.timestamp())
}

/// What is known of a file by the server's own clock.
pub(super) fn stat(size: u64, now: Timestamp, written: Timestamp) -> Stat {
    let seconds = now.duration_since(written).as_secs();
    let apart = Duration::from_secs(seconds.unsigned_abs());
    match seconds < 0 {
        true => Stat::written(size, Err(apart)),
        false => Stat::written(size, Ok(apart)),
    }
}

/// What stands between the tags of this name.
fn tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>"))
        .map(|(inside, _)| inside)
}

/// Whether there is no such file, in a bucket that there is.
pub(super) fn is_missing(answer: &mut Response<ureq::Body>) -> Result<bool, Failed> {
    if answer.status().as_u16() != 404 {
        return Ok(false);
    }
    let mut text = String::new();
    let read = answer
        .body_mut()
        .as_reader()
        .take(1 << 16)
        .read_to_string(&mut text);
    read.map_err(Failed::Passing)?;
    match tag(&text, "Code") {
        Some("NoSuchBucket") => {
            let error = io::Error::other("there is no such bucket");
            Err(Failed::Final(error))
        }
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_broke_off_or_says_an_error_is_asked_for_again() {
        let page = "<ListBucketResult><Name>b</Name><Contents><Key>k</Key></Contents></ListBucketResult>\n";
        assert!(is_whole_listing(page));
        assert!(is_whole_listing(&page.replace("</L", "</s3:L")));
        for end in 0..page.len() - 1 {
            assert!(!is_whole_listing(&page[..end]), "{}", &page[..end]);
        }
        let busy = "<Error><Code>SlowDown</Code><Message>less, please</Message></Error>";
        assert!(!is_whole_listing(busy));
        for (text, told) in [
            (busy, "SlowDown: less, please"),
            (&page[..30], "the listing broke off"),
        ] {
            let Failed::Passing(error) = no_listing(text) else {
                panic!("it is asked for again");
            };
            assert_eq!(error.to_string(), told);
        }
    }
}
