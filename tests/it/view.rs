//! `sweepline view` as a browser and others on the machine see it: over plain TCP.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Child;
use std::process::ChildStderr;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;

use crate::support::TestSpace;
use crate::support::eventually;

/// Steps that last until the project has a file `go`, and tell a number meanwhile.
const PATIENT: &str = r#"experiment: toy
axes: {seed: [1, 2]}
stages:
  wait:
    uses: command
    with:
      run: 'until [ -e "${root}/go" ]; do sleep 0.05; done; echo "x,y" > "${out.rows}"; echo "${seed},1" >> "${out.rows}"'
      out: {rows: {file: rows.csv, type: table}}
  seen:
    uses: figure/scatter
    in: {rows: wait}
    with: {x: x, y: y}
"#;

/// A page that is served, until it is dropped.
struct View {
    child: Child,
    /// Open, so that what it says is no error.
    _said: BufReader<ChildStderr>,
    port: u16,
    token: String,
}

impl View {
    fn start(space: &TestSpace) -> Self {
        let mut command = space.command(&["view", "manifests/toy.yaml"]);
        command.stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("it is piped");
        let mut said = BufReader::new(stderr);
        let mut line = String::new();
        // What is wrong with the manifest stands before.
        while !line.contains("/?token=") {
            line.clear();
            let read = said.read_line(&mut line).expect("it says where");
            assert!(read > 0, "it ended");
        }
        let address = line.split_once("http://127.0.0.1:").expect("an address").1;
        let (port, token) = address.split_once("/?token=").expect("a token");
        View {
            child,
            _said: said,
            port: port.parse().expect("a port"),
            token: token.trim().to_owned(),
        }
    }

    /// The status and the whole answer to a request that is written as given.
    fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a socket");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        (
            status.unwrap_or_else(|| panic!("no answer: {answer}")),
            answer,
        )
    }

    fn get(&self, path: &str, headers: &str) -> (u16, String) {
        let port = self.port;
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}\r\n"
        ))
    }

    /// As a browser that was given the address.
    fn seen(&self, path: &str) -> (u16, String) {
        let cookie = format!(
            "Cookie: other=1; sweepline-{}={}\r\n",
            self.port, self.token
        );
        self.get(path, &cookie)
    }

    fn state(&self, query: &str) -> Json {
        let (status, answer) = self.seen(&format!("/state{query}"));
        assert_eq!(status, 200, "{answer}");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        serde_json::from_str(body).expect("JSON")
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn patient() -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/toy.yaml", PATIENT);
    space
}

#[test]
fn only_who_has_the_token_and_asks_for_this_machine_is_answered() {
    let space = patient();
    let view = View::start(&space);
    let port = view.port;
    assert_eq!(view.get("/", "").0, 403);
    assert_eq!(view.get("/state", "").0, 403);
    assert_eq!(
        view.get("/?token=00000000000000000000000000000000", "").0,
        403
    );
    assert_eq!(
        view.get("/", &format!("Cookie: sweepline-{port}=\r\n")).0,
        403
    );
    // The token becomes a cookie that no script and no other site reads.
    let (status, answer) = view.get(&format!("/?token={}", view.token), "");
    assert_eq!(status, 303, "{answer}");
    assert!(answer.contains("HttpOnly; SameSite=Strict"), "{answer}");
    assert!(answer.contains("Location: /\r\n"), "{answer}");
    let (status, page) = view.seen("/");
    assert_eq!(status, 200, "{page}");
    assert!(
        page.contains("id=\"live\"") && page.contains("connect-src 'self'"),
        "{page}"
    );
    // A page from elsewhere that has this address under its own name.
    let cookie = format!("Cookie: sweepline-{port}={}\r\n", view.token);
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1",
        "127.0.0.1:1",
    ] {
        let request =
            format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookie}\r\n");
        assert_eq!(view.raw(&request).0, 403, "{host}");
    }
    let none = format!("GET / HTTP/1.1\r\nConnection: close\r\n{cookie}\r\n");
    assert_eq!(view.raw(&none).0, 403);
    let post = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n{cookie}\r\n"
    );
    assert_eq!(view.raw(&post).0, 405);
}

#[test]
fn paths_lead_to_no_other_files() {
    let space = patient();
    space.write("go", "");
    assert!(
        space
            .output(&["run", "manifests/toy.yaml"])
            .status
            .success()
    );
    let view = View::start(&space);
    let (status, answer) = view.seen("/figures/seen.svg");
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer.contains("image/svg+xml") && answer.contains("sandbox"),
        "{answer}"
    );
    for path in [
        "/../manifests/toy.yaml",
        "/figures/../../../manifests/toy.yaml",
        "/figures/%2e%2e/%2e%2e/%2e%2e/manifests/toy.yaml",
        "/figures/..%2f..%2f..%2fmanifests%2ftoy.yaml",
        "//etc/passwd",
        "/figures//etc/passwd",
        "/figures/seen.svg%00",
        "/report.html",
        "/store",
    ] {
        let (status, answer) = view.seen(path);
        assert_eq!(status, 404, "{path}: {answer}");
    }
}

#[test]
fn a_run_is_followed_from_before_it_begins_until_after_its_end() {
    let space = patient();
    let view = View::start(&space);
    assert_eq!(view.state("")["phase"], "not begun");
    assert_eq!(view.seen("/").0, 200);

    let mut run = space.command(&["run", "manifests/toy.yaml", "-j", "2", "--progress", "none"]);
    let mut run = run.spawn().expect("the program starts");
    assert!(eventually(|| view.state("")["running_in_all"] == 2));
    let state = view.state("");
    assert_eq!(state["phase"], "running", "{state}");
    assert_eq!(state["stages"]["wait"]["running"], 2, "{state}");
    assert_eq!(state["steps"], 3, "{state}");
    let turn = state["turn"].as_u64().expect("a number");
    let id = state["run"].as_str().expect("text").to_owned();
    // Nothing new has no body.
    let (status, answer) = view.seen(&format!("/state?after={turn}&run={id}"));
    assert_eq!(status, 204, "{answer}");

    space.write("go", "");
    assert!(run.wait().expect("our child").success());
    assert!(eventually(|| view.state("")["phase"] == "ended"));
    let delta = view.state(&format!("?after={turn}&run={id}"));
    assert_eq!(delta["whole"], false, "{delta}");
    assert_eq!(delta["stages"]["wait"]["done"], 2, "{delta}");
    assert_eq!(delta["stages"]["wait"]["running"], 0, "{delta}");
    assert_eq!(delta["settled"], 3, "{delta}");
    // The page has what has come since it was made.
    assert!(eventually(|| view
        .seen("/")
        .1
        .contains("href=\"figures/seen.pdf\"")));
}

#[test]
fn slow_readers_hold_up_nobody() {
    let space = patient();
    let view = View::start(&space);
    let mut waiting = Vec::new();
    for i in 0..20 {
        let mut stream = TcpStream::connect(("127.0.0.1", view.port)).expect("it listens");
        // Half a request, or a whole one whose answer is not read.
        let head = format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: sweepline-{}={}\r\n",
            view.port, view.port, view.token
        );
        let end = if i % 2 == 0 { "" } else { "\r\n" };
        stream
            .write_all(format!("{head}{end}").as_bytes())
            .expect("it reads");
        waiting.push(stream);
    }
    let started = Instant::now();
    assert_eq!(view.seen("/state").0, 200);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

/// A store that a run is just making is read as empty until it is there.
#[test]
fn a_run_that_makes_the_store_is_seen_by_a_page_that_was_there_before() {
    let space = patient();
    std::fs::create_dir_all(space.path("outputs/store")).expect("a folder");
    let view = View::start(&space);
    assert!(eventually(|| view.state("")["phase"] == "not begun"));
    space.write("go", "");
    let run = space.output(&["run", "manifests/toy.yaml"]);
    assert!(run.status.success());
    assert!(eventually(|| view.state("")["phase"] == "ended"));
}

/// Trials that wait until the project says that they may end, one at a time.
const SEARCH: &str = r#"experiment: toy
axes:
  trial: {tpe: {space: {x: {uniform: [0, 1]}}, startup: 2, trials: 4, parallel: 1, minimize: fit.loss}}
stages:
  fit:
    uses: command
    with:
      values: {x: "${x}"}
      run: 'echo x >> "${root}/begun"; for i in $(seq 600); do if [ "$(wc -l < "${root}/begun")" -le "$(cat "${root}/may-end")" ]; then break; fi; sleep 0.05; done; echo "loss=$x"'
      metrics: stdout
"#;

#[test]
fn trials_that_a_search_adds_are_shown_while_it_runs() {
    let space = TestSpace::new();
    space.write("manifests/toy.yaml", SEARCH);
    space.write("may-end", "2");
    let view = View::start(&space);
    let mut run = space.command(&["run", "manifests/toy.yaml", "--progress", "none"]);
    let mut run = run.spawn().expect("the program starts");
    assert!(eventually(|| {
        let state = view.state("");
        let search = state["search"].as_str().unwrap_or_default();
        search.ends_with("; 2 ended, 1 under way") && state["steps"] == 3
    }));
    let page = |text: &str| eventually(|| view.seen("/").1.contains(text));
    assert!(page("3 trials known, up to 1 more"));
    space.write("may-end", "9");
    assert!(run.wait().expect("it ends").success());
    assert!(page("4 trials known"));
}
