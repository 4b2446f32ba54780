//! A shared store in a bucket, on real servers: s3s-fs for all but races, moto for conditions.
//!
//! Programs of these names on the path are used; without them the tests say so and end. `.ci/extra` installs
//! them.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::TestSpace;

const MANIFEST: &str = r#"experiment: fit
axes:
  lr: [0.1, 0.2, 0.3]
stages:
  fit:
    uses: command
    with:
      run: |
        echo "loss=${lr}"
        head -c 300000 /dev/zero | tr '\0' "${lr}" > "${out.weights}"
        echo "${lr}" >> "${out.weights}"
      out: {weights: weights.bin}
      metrics: stdout
"#;

const RUN: [&str; 4] = ["run", "manifests/fit.yaml", "--progress", "lines"];

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
    /// Where it keeps files, if it does.
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    let mut found = found.filter(|path| path.is_file());
    let found = found.next();
    if found.is_none() {
        let told = format!("not tested: there is no `{name}` on the path\n");
        std::io::stderr()
            .write_all(told.as_bytes())
            .expect("a place to say it");
    }
    found
}

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("its address").port()
}

impl Server {
    fn start(program: &Path, arguments: &dyn Fn(u16, &Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("lab")).expect("a bucket");
        let port = free_port();
        let mut command = Command::new(program);
        command.args(arguments(port, folder.path()));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the server starts");
        let server = Server {
            child,
            port,
            folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the server listens"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn s3s() -> Option<Self> {
        let program = program("s3s-fs")?;
        Some(Self::start(&program, &|port, folder| {
            let port = port.to_string();
            let folder = folder.display().to_string();
            [
                "--access-key",
                "AKTEST",
                "--secret-key",
                "SKTEST",
                "--host",
                "127.0.0.1",
                "--port",
            ]
            .map(str::to_owned)
            .into_iter()
            .chain([port, folder])
            .collect()
        }))
    }

    fn moto() -> Option<Self> {
        let program = program("moto_server")?;
        let server = Self::start(&program, &|port, _| {
            vec![
                "-H".to_owned(),
                "127.0.0.1".to_owned(),
                "-p".to_owned(),
                port.to_string(),
            ]
        });
        server.request("PUT /lab HTTP/1.1\r\nAuthorization: AWS x:y\r\nContent-Length: 0");
        Some(server)
    }

    /// A request without a body.
    fn request(&self, head: &str) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let rest = "\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        socket
            .write_all(format!("{head}{rest}").as_bytes())
            .expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn user(&self) -> User {
        user(self.port)
    }
}

/// A user with the project, who knows the secret.
struct User {
    space: TestSpace,
    secret: &'static str,
}

fn user(port: u16) -> User {
    let space = TestSpace::new();
    let place = format!("s3://lab/sweeps?endpoint=http://127.0.0.1:{port}");
    space.write("sweepline.toml", &format!("remote = \"{place}\"\n"));
    space.write("manifests/fit.yaml", MANIFEST);
    let secret = "SKTEST";
    User { space, secret }
}

impl User {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.space.command(arguments);
        command
            .env("AWS_ACCESS_KEY_ID", "AKTEST")
            .env("AWS_SECRET_ACCESS_KEY", self.secret)
            .env("HOME", self.space.path("."))
            .env("SWEEPLINE_LOG", "debug")
            .env_remove("AWS_PROFILE");
        command
    }

    fn ends(&self, arguments: &[&str], code: i32) -> String {
        let output: Output = self
            .command(arguments)
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
        // Neither in what is said nor in what is kept.
        for hidden in [self.secret, "X-Amz-Signature"] {
            assert!(!text.contains(hidden), "{text}");
        }
        text
    }
}

const PUSH: [&str; 2] = ["push", "manifests/fit.yaml"];
const PULL: [&str; 2] = ["pull", "manifests/fit.yaml"];

#[test]
fn two_projects_share_a_bucket_and_nothing_damaged_is_taken() {
    let Some(server) = Server::s3s() else { return };
    let (anna, ben) = (server.user(), server.user());
    let text = ben.ends(&PULL, 3);
    assert!(text.contains("there is no shared store"), "{text}");
    anna.ends(&RUN, 0);
    let text = anna.ends(&PUSH, 0);
    assert!(text.contains("sent 3 results, 6 objects"), "{text}");
    let text = anna.ends(&PUSH, 0);
    assert!(text.contains("nothing to send: 3 results"), "{text}");
    // A flipped byte on the server's disk.
    let mut open = vec![server.folder.path().join("lab/sweeps/objects")];
    let mut large = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            match entry.path().is_dir() {
                true => open.push(entry.path()),
                false if entry.metadata().expect("a file").len() > 200_000 => {
                    large.push(entry.path())
                }
                false => {}
            }
        }
    }
    assert_eq!(large.len(), 3);
    let mut bytes = fs::read(&large[0]).expect("an object");
    bytes[123_456] ^= 1;
    fs::write(&large[0], bytes).expect("damaged");
    let text = ben.ends(&PULL, 1);
    assert!(
        text.contains("is refused: its content is not what its name says"),
        "{text}"
    );
    assert!(text.contains("fetched 2 results"), "{text}");
    let text = ben.ends(&RUN, 0);
    assert!(text.contains("1 done, 2 up to date"), "{text}");
    let plan = ["plan", "manifests/fit.yaml", "--json"];
    assert_eq!(anna.space.stdout(&plan), ben.space.stdout(&plan));
    // No key in any file of the project.
    for path in ben.space.files("outputs") {
        let bytes = fs::read(&path).unwrap_or_default();
        assert!(
            !bytes.windows(6).any(|part| part == b"SKTEST"),
            "{}",
            path.display()
        );
    }
}

/// How many files the server has in the bucket.
fn files_there(server: &Server) -> usize {
    let mut open = vec![server.folder.path().join("lab/sweeps")];
    let mut count = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path().is_dir() {
                true => open.push(entry.path()),
                // The server keeps notes of its own beside them.
                false => count += 1,
            }
        }
    }
    count
}

#[test]
fn five_thousand_files_take_few_listings() {
    let Some(server) = Server::s3s() else { return };
    let (anna, ben) = (server.user(), server.user());
    let many = "experiment: fit\naxes:\n  seed: {range: [1, 2500]}\nstages:\n  data:\n    uses: dataset/synthetic\n    \
                with: {name: circle, points: 10, seed: \"${seed}\"}\n";
    for user in [&anna, &ben] {
        user.space.write("manifests/fit.yaml", many);
    }
    anna.ends(&RUN, 0);
    // The server walks its whole disk for each listing: one for each result would take minutes.
    let begun = Instant::now();
    let text = anna.ends(&PUSH, 0);
    assert!(text.contains("sent 2500 results, 2500 objects"), "{text}");
    assert!(files_there(&server) >= 5000);
    let text = anna.ends(&PUSH, 0);
    assert!(text.contains("nothing to send: 2500 results"), "{text}");
    let text = ben.ends(&PULL, 0);
    assert!(text.contains("fetched 2500 results"), "{text}");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(180), "{took:?}");
    let text = ben.ends(&RUN, 0);
    assert!(text.contains("all up to date"), "{text}");
    let text = ben.ends(&["verify", "--remote"], 0);
    assert!(
        text.contains("2500 records and 2500 objects read"),
        "{text}"
    );
}

#[test]
fn who_has_no_permission_is_told_without_a_word_of_the_keys() {
    let Some(server) = Server::s3s() else { return };
    let mut anna = server.user();
    anna.ends(&RUN, 0);
    anna.secret = "WRONG-SECRET";
    let text = anna.ends(&PUSH, 3);
    assert!(
        text.contains("SignatureDoesNotMatch") || text.contains("403"),
        "{text}"
    );
    let text = anna.ends(&[&RUN[..], &["--axis", "lr=0.9"]].concat(), 0);
    assert!(text.contains("goes on without the shared store"), "{text}");
    assert!(text.contains("1 done"), "{text}");
}

#[test]
fn a_server_that_goes_away_costs_no_result() {
    let Some(mut server) = Server::s3s() else {
        return;
    };
    let (anna, ben) = (server.user(), server.user());
    anna.ends(&RUN, 0);
    anna.ends(&PUSH, 0);
    server.child.kill().expect("it runs");
    server.child.wait().expect("it ends");
    let text = ben.ends(&PULL, 3);
    assert!(text.contains("in the shared store `s3://lab"), "{text}");
    let text = ben.ends(&RUN, 0);
    assert!(text.contains("goes on without the shared store"), "{text}");
    assert!(text.contains("3 done"), "{text}");
    let text = anna.ends(&[&RUN[..], &["--remote", "read-write"]].concat(), 0);
    assert!(text.contains("all up to date"), "{text}");
}

#[test]
fn an_upload_that_is_killed_leaves_nothing_half_and_the_next_goes_on() {
    let Some(server) = Server::s3s() else { return };
    let (anna, ben) = (server.user(), server.user());
    anna.ends(&RUN, 0);
    for pause in 0..6 {
        let mut child = anna.command(&PUSH);
        child.stderr(Stdio::null());
        let mut child = child.spawn().expect("the program starts");
        std::thread::sleep(Duration::from_millis(15 * pause + 10));
        let _ = child.kill();
        child.wait().expect("it ends");
    }
    anna.ends(&PUSH, 0);
    let text = ben.ends(&PULL, 0);
    assert!(text.contains("fetched 3 results"), "{text}");
}

#[test]
fn of_many_who_begin_a_store_at_once_one_does_and_conditions_are_found_out() {
    let Some(server) = Server::moto() else { return };
    let users: Vec<User> = (0..4).map(|_| server.user()).collect();
    for (number, user) in users.iter().enumerate() {
        let lr = format!("lr: [0.1, 0.{}]", number + 2);
        user.space
            .replace("manifests/fit.yaml", "lr: [0.1, 0.2, 0.3]", &lr);
        user.ends(&RUN, 0);
    }
    let mut pushes = Vec::new();
    for user in &users {
        let mut push = user.command(&PUSH);
        pushes.push(
            push.stderr(Stdio::null())
                .spawn()
                .expect("the program starts"),
        );
    }
    for mut push in pushes {
        assert!(push.wait().expect("it ends").success());
    }
    let dora = server.user();
    let all = "lr: [0.1, 0.2, 0.3, 0.4, 0.5]";
    dora.space
        .replace("manifests/fit.yaml", "lr: [0.1, 0.2, 0.3]", all);
    let text = dora.ends(&PULL, 0);
    assert!(text.contains("fetched 5 results"), "{text}");
    assert!(!dora.ends(&PUSH, 0).contains("ignores"));
}

/// A server in front of another one that hides conditions from it.
fn without_conditions(to: u16) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for client in socket.incoming().flatten() {
            std::thread::spawn(move || pass(client, to));
        }
    });
    port
}

fn pass(mut client: TcpStream, to: u16) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        let count = client.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lines = head.split("\r\n").filter(|line| {
        let line = line.to_lowercase();
        !line.starts_with("if-none-match:") && !line.starts_with("connection:")
    });
    let head: String = lines.map(|line| format!("{line}\r\n")).collect();
    // moto checks no signatures: the list of signed headers may still name it.
    let mut server = TcpStream::connect(("127.0.0.1", to))?;
    server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    server.write_all(&bytes[end + 4..])?;
    let (mut from, mut back) = (client.try_clone()?, server.try_clone()?);
    let up = std::thread::spawn(move || std::io::copy(&mut from, &mut server));
    std::io::copy(&mut back, &mut client)?;
    client.shutdown(std::net::Shutdown::Both)?;
    let _ = up.join();
    Ok(())
}

#[test]
fn a_server_that_ignores_conditions_is_found_out() {
    let Some(server) = Server::moto() else { return };
    let anna = user(without_conditions(server.port));
    anna.ends(&RUN, 0);
    let text = anna.ends(&PUSH, 0);
    assert!(text.contains("ignores `If-None-Match`"), "{text}");
    let ben = server.user();
    let place = fs::read_to_string(ben.space.path("sweepline.toml")).expect("settings");
    assert!(place.contains("s3://"));
    let text = ben.ends(&PULL, 0);
    assert!(text.contains("fetched 3 results"), "{text}");
}
