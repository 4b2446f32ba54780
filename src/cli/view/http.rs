//! The little of HTTP/1.1 that a page for one machine needs: one request and one answer a connection,
//! with an end to waiting for either.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

/// A request is here within this time, an answer taken up within the other.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// A longer head is no request of a browser.
const LONGEST: usize = 16 << 10;
const MOST_HEADERS: usize = 100;

/// Said with every answer. Nobody may frame the page, keep it or read it from elsewhere.
const ALWAYS: [(&str, &str); 6] = [
    ("Connection", "close"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
];

/// The head of a request. Bodies are not read: nothing here takes one.
pub(super) struct Request {
    method: String,
    /// Path and query.
    pub target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Reads a request; none where what comes is none, or does not come.
    pub(super) fn read(mut stream: &TcpStream) -> io::Result<Option<Self>> {
        let begun = Instant::now();
        let mut head = Vec::new();
        let mut part = [0; 4096];
        loop {
            let left = PATIENCE.0.saturating_sub(begun.elapsed());
            if left.is_zero() || head.len() > LONGEST {
                return Ok(None);
            }
            stream.set_read_timeout(Some(left))?;
            let read = match stream.read(&mut part) {
                Ok(0) | Err(_) => return Ok(None),
                Ok(read) => read,
            };
            head.extend_from_slice(&part[..read]);
            if let Some(request) = Request::parse(&head) {
                return Ok(request);
            }
        }
    }

    /// The request of a head: none yet, or none at all.
    #[allow(
        clippy::option_option,
        reason = "what may still come is not what is wrong"
    )]
    fn parse(head: &[u8]) -> Option<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Partial) => None,
            Err(_) => Some(None),
            Ok(httparse::Status::Complete(_)) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let headers = request.headers.iter();
                Some(Some(Request {
                    method: request.method.unwrap_or_default().to_owned(),
                    target: request.path.unwrap_or_default().to_owned(),
                    headers: headers
                        .map(|h| (h.name.to_owned(), text(h.value)))
                        .collect(),
                }))
            }
        }
    }

    /// A header that is there once; of several none is believed.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    }

    pub(super) fn only_reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

/// An answer before it is sent.
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(status: u16, text: &str) -> Self {
        Answer::new(status, "text/plain; charset=utf-8", format!("{text}\n"))
    }

    pub(super) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Answer {
            status,
            headers: vec![("Content-Type", kind.to_owned())],
            body: body.into(),
        }
    }

    /// Sends it; `head`: without its body.
    pub(super) fn send(&self, mut stream: &TcpStream, head: bool) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE.1))?;
        let reason = match self.status {
            200 => "OK",
            204 => "No Content",
            303 => "See Other",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "Internal Server Error",
        };
        let mut text = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        let own = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        for (name, value) in ALWAYS.into_iter().chain(own) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        if !head {
            bytes.extend_from_slice(&self.body);
        }
        // A reader that takes a byte now and then has so long for all of it.
        let begun = Instant::now();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            if begun.elapsed() > PATIENCE.1 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let sent = stream.write(rest)?;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[sent..];
        }
        stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let whole = b"GET /state?after=1 HTTP/1.1\r\nHost: a:1\r\ncookie: x=y\r\n\r\n";
        for end in 1..whole.len() {
            assert!(Request::parse(&whole[..end]).is_none(), "{end}");
        }
        let request = Request::parse(whole).flatten().unwrap();
        assert_eq!(request.target, "/state?after=1");
        assert_eq!(request.header("HOST"), Some("a:1"));
        assert_eq!(request.header("Cookie"), Some("x=y"));
        assert!(request.only_reads() && !request.is_head());
        // Two hosts: whoever stands between may read the other one.
        let two = b"GET / HTTP/1.1\r\nHost: a:1\r\nHost: b:1\r\n\r\n";
        assert_eq!(Request::parse(two).flatten().unwrap().header("Host"), None);
        assert!(matches!(Request::parse(b"\x16\x03\x01\x02"), Some(None)));
    }
}
