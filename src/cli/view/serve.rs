//! Answers: who may ask, and for what.

use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::Builder;
use std::thread::Scope;

use super::followed::Followed;
use super::http::Answer;
use super::http::Request;
use super::page::Pages;
use super::token::Token;
use crate::cli::stop::Stop;

/// Answers under way at one time: whoever reads slowly holds one.
const AT_ONCE: usize = 48;

/// What is served, and to whom.
pub(super) struct Site<'s> {
    pub followed: &'s Followed,
    pub pages: Pages,
    pub token: Token,
    pub port: u16,
}

impl Site<'_> {
    /// Answers each request on a thread of its own, until it is stopped.
    pub(super) fn serve<'scope>(
        &'scope self,
        listener: &TcpListener,
        stopped: &AtomicBool,
        scope: &'scope Scope<'scope, '_>,
    ) {
        static BUSY: AtomicUsize = AtomicUsize::new(0);
        for stream in listener.incoming().flatten() {
            if stopped.load(Ordering::SeqCst) {
                return;
            }
            if BUSY.load(Ordering::SeqCst) >= AT_ONCE {
                // Closed without a word: whoever asks again is let in when there is room.
                continue;
            }
            BUSY.fetch_add(1, Ordering::SeqCst);
            let answering = Builder::new().spawn_scoped(scope, move || {
                // A reader that has gone is no failure.
                let _ = self.reply(&stream);
                BUSY.fetch_sub(1, Ordering::SeqCst);
            });
            if answering.is_err() {
                BUSY.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    fn reply(&self, stream: &TcpStream) -> std::io::Result<()> {
        match Request::read(stream)? {
            Some(request) => self.answer(&request).send(stream, request.is_head()),
            None => Answer::text(400, "this is no request").send(stream, false),
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        // A page from elsewhere that calls this machine by a name of its own sends that name.
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{}", self.port));
        if !request
            .header("Host")
            .is_some_and(|host| hosts.iter().any(|own| own == host))
        {
            return Answer::text(
                403,
                "this page is at 127.0.0.1 only; through a tunnel, keep the port",
            );
        }
        if !request.only_reads() {
            return Answer::text(405, "this page only shows");
        }
        let target = request.target.as_str();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if let Some(said) = parameter(query, "token") {
            return match self.token.is(said) {
                // The secret leaves the address bar, and stays with the browser.
                true => Answer {
                    headers: vec![
                        ("Location", "/".to_owned()),
                        (
                            "Set-Cookie",
                            format!(
                                "{}={said}; Path=/; HttpOnly; SameSite=Strict",
                                self.cookie()
                            ),
                        ),
                    ],
                    ..Answer::text(303, "see /")
                },
                false => Answer::text(403, "this is not the token that was printed"),
            };
        }
        let known = request.header("Cookie").is_some_and(|cookies| {
            let own = format!("{}=", self.cookie());
            let mut said = cookies
                .split(';')
                .filter_map(|c| c.trim().strip_prefix(&own));
            said.any(|said| self.token.is(said))
        });
        if !known {
            return Answer::text(403, "open the address with the token that was printed");
        }
        match path {
            "/" => self.page(),
            "/state" => self.state(query),
            path => self.file(path),
        }
    }

    /// Ports of one machine share their cookies.
    fn cookie(&self) -> String {
        format!("sweepline-{}", self.port)
    }

    fn page(&self) -> Answer {
        match self.pages.page(self.followed.results()) {
            Ok(page) => Answer::new(200, "text/html; charset=utf-8", page.as_bytes()),
            Err(error) => Answer::text(
                500,
                &match error {
                    Stop::Io(error) => format!("the results cannot be read: {error}"),
                    Stop::Store(error) => format!("the store cannot be read: {error}"),
                    Stop::Reported(_) => "the results cannot be read".to_owned(),
                },
            ),
        }
    }

    fn state(&self, query: &str) -> Answer {
        let run = parameter(query, "run").unwrap_or_default();
        let turn = parameter(query, "after").and_then(|turn| turn.parse().ok());
        match self.followed.since(turn.map(|turn| (run, turn))) {
            Some(told) => Answer::new(200, "application/json", told.to_string()),
            None => Answer {
                status: 204,
                headers: Vec::new(),
                body: Vec::new(),
            },
        }
    }

    fn file(&self, path: &str) -> Answer {
        let wanted = decoded(path.trim_start_matches('/'));
        let found = wanted.and_then(|wanted| self.pages.file(&wanted));
        let Some(found) = found else {
            return Answer::text(404, "there is no such page");
        };
        let kind = match found.extension().and_then(|e| e.to_str()) {
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("pdf") => "application/pdf",
            Some("json") => "application/json",
            _ => "text/plain; charset=utf-8",
        };
        match fs::read(found) {
            Ok(data) => Answer {
                // A picture of others runs no script here.
                headers: vec![
                    ("Content-Type", kind.to_owned()),
                    (
                        "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox".to_owned(),
                    ),
                ],
                ..Answer::new(200, kind, data)
            },
            Err(_) => Answer::text(404, "the file is gone"),
        }
    }
}

/// A parameter of a query; tokens, runs and numbers need no decoding.
fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// `%20` as a space; none where it is no text.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push((digit(high)? * 16 + digit(low)?) as u8);
                rest = after;
            }
            (b'%', _) => return None,
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_browsers_write_them() {
        assert_eq!(
            decoded("figures/a%20b.svg").as_deref(),
            Some("figures/a b.svg")
        );
        assert_eq!(decoded("a%zz"), None);
        assert_eq!(decoded("a%2"), None);
        assert_eq!(parameter("a=1&token=x&b", "token"), Some("x"));
        assert_eq!(parameter("atoken=1", "token"), None);
    }
}
