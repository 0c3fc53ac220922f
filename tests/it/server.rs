//! One `rotaline serve` for one test: folder, settings, ports, start, API, log, end.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::party::{Manner, Phone};
use crate::{http, ports};

/// How long anything may take that takes no time on an idle machine.
pub const LIMIT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Digits in a row that could be somebody's number.
const NUMBER_DIGITS: usize = 7;
/// Ports of a test: SIP, HTTP, two phones, and the media's.
const OTHER_PORTS: u16 = 4;

/// What differs from test to test.
pub struct Wish {
    /// Most calls at a time.
    pub calls: u16,
    /// Media ports, two a leg.
    pub media_ports: u16,
    /// Who may call: a line of `[sip]`, or nothing.
    pub trunks: &'static str,
}

impl Default for Wish {
    fn default() -> Self {
        Wish {
            calls: 8,
            media_ports: 32,
            trunks: "",
        }
    }
}

/// A folder with settings and a plan, and the ports in them.
pub struct Home {
    /// Settings, plan, data, recordings, log.
    pub folder: PathBuf,
    /// The SIP port.
    pub sip: u16,
    /// The HTTP port.
    pub http: u16,
    /// Where the phone is that the plan rings.
    pub phone: u16,
    /// The first media port.
    pub media: u16,
}

impl Home {
    /// A fresh one.
    pub fn new(name: &str, wish: &Wish) -> Home {
        let folder = target().join("test-logs/it").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let first = ports::block(OTHER_PORTS + wish.media_ports).unwrap();
        let home = Home {
            folder,
            sip: first,
            http: first + 1,
            phone: first + 2,
            media: first + OTHER_PORTS,
        };
        let prompts = root().join("config/prompts/en-GB");
        let (sip, http, media) = (home.sip, home.http, home.media);
        let last = media + wish.media_ports - 1;
        let settings = format!(
            "plan = \"plan.toml\"\nprompts = {prompts:?}\ndata = \"data\"\n\
             recordings = \"recordings\"\n[sip]\nlisten = \"127.0.0.1:{sip}\"\n{}\n[media]\n\
             first_port = {media}\nlast_port = {last}\nthreads = 1\n\
             [http]\nlisten = \"127.0.0.1:{http}\"\n[limits]\ncalls = {}\n",
            wish.trunks, wish.calls
        );
        fs::write(home.folder.join("rotaline.toml"), settings).unwrap();
        let plan = include_str!("plan.toml").replace("{{phone}}", &home.phone.to_string());
        fs::write(home.folder.join("plan.toml"), plan).unwrap();
        home
    }

    /// Has telephone numbers rung at the port beside the phone's, by a phone that answers.
    pub fn gateway(&self, hz: u16) -> Phone {
        let settings = self.folder.join("rotaline.toml");
        let text = fs::read_to_string(&settings).unwrap();
        let port = self.phone + 1;
        let gateway = format!("[sip]\ngateway = \"127.0.0.1:{port}\"\n");
        fs::write(&settings, text.replace("[sip]\n", &gateway)).unwrap();
        Phone::at(port, hz, Manner::Answers)
    }

    /// Where SIP is received.
    pub fn sip_address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.sip))
    }

    /// Starts the service here, and waits until it answers.
    pub fn serve(&self) -> Server {
        self.start(self.command())
    }

    /// The same, with a log of everything in a pipe that nobody reads.
    pub fn serve_unread(&self) -> Server {
        let mut command = self.command();
        command.stderr(Stdio::piped()).env("RUST_LOG", "debug");
        self.start(command)
    }

    fn start(&self, mut command: Command) -> Server {
        let mut server = Server {
            child: command.spawn().expect("rotaline starts"),
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, self.http)),
            token: String::new(),
            log: self.log(),
        };
        wait_until("the service answers", || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended at the start: {}", server.log_text());
            http::get(server.http, "/healthz", "").is_ok_and(|answer| answer.status == 200)
        });
        assert!(ports::is_bound(self.sip), "SIP is received");
        let token = fs::read_to_string(self.folder.join("data/api-token")).unwrap();
        server.token = token.trim().to_owned();
        server
    }

    /// Tries to start the service here, which must fail; what it says.
    pub fn fails_to_serve(&self) -> String {
        let mut child = self.command().spawn().expect("rotaline starts");
        let ended = ended_within(&mut child, LIMIT);
        if ended.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let status = ended.unwrap_or_else(|| panic!("it serves: {text}"));
        assert_eq!(status.code(), Some(1), "{text}");
        text
    }

    fn command(&self) -> Command {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let mut command = Command::new(rotaline());
        command
            .arg("serve")
            .arg("--config")
            .arg(self.folder.join("rotaline.toml"));
        command
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .env("NO_COLOR", "1");
        command.env_remove("RUST_LOG");
        command
    }

    /// What it says.
    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }
}

/// A running service.
pub struct Server {
    child: Child,
    /// Where its API is.
    pub http: SocketAddr,
    /// What opens its API.
    pub token: String,
    log: PathBuf,
}

impl Server {
    /// JSON of the API.
    pub fn get(&self, path: &str) -> Value {
        let answer = http::get(self.http, path, &self.token).unwrap();
        assert_eq!(answer.status, 200, "GET {path}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// A file of the API, once it is there.
    pub fn file(&self, path: &str) -> Vec<u8> {
        let answer = http::get(self.http, path, &self.token).unwrap();
        let body = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "GET {path}: {body}");
        answer.body
    }

    /// The ids of a page of the plan's things.
    pub fn list(&self, path: &str) -> Vec<String> {
        let page = self.get(path);
        let items = page["items"].as_array().expect("a page").iter();
        items
            .map(|it| it["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    /// PUT of JSON.
    pub fn put(&self, path: &str, body: &str) -> http::Answer {
        self.send("PUT", path, "", body)
    }

    /// POST of JSON.
    pub fn post(&self, path: &str, body: &str) -> http::Answer {
        self.send("POST", path, "", body)
    }

    /// A request with JSON; `headers` are further lines, each with its end.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> http::Answer {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let (server, token, length) = (self.http, &self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n{headers}\
             Connection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        http::parse(&bytes).unwrap()
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether so many cases are told.
    pub fn lists_calls(&self, wanted: usize) -> bool {
        let list = self.get("/api/v1/calls");
        list["calls"].as_array().expect("a list").len() == wanted
    }

    /// The only case that there is.
    pub fn only_case(&self) -> Value {
        let list = self.get("/api/v1/calls");
        let calls = list["calls"].as_array().expect("a list");
        assert_eq!(calls.len(), 1, "{list}");
        self.get(&format!(
            "/api/v1/calls/{}",
            calls[0]["id"].as_str().expect("an id")
        ))
    }

    /// All cases, the newest first.
    pub fn cases(&self) -> Vec<Value> {
        let list = self.get("/api/v1/calls");
        let calls = list["calls"].as_array().expect("a list");
        let ids = calls.iter().filter_map(|call| call["id"].as_str());
        ids.map(|id| self.get(&format!("/api/v1/calls/{id}")))
            .collect()
    }

    /// A gauge or counter of the metrics.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let answer = http::get(self.http, "/metrics", "").unwrap();
        let text = String::from_utf8(answer.body).unwrap();
        let line = text.lines().find(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([' ', '{']))
        });
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
    }

    /// Resident memory in kB.
    pub fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        kb.expect("a size")
    }

    /// Open files, sockets among them.
    pub fn open_files(&self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        files.unwrap().count()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: it has no time to put anything in order.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// How it ended, if it does in time.
    pub fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        ended_within(&mut self.child, limit)
    }

    /// Ends it in order (told twice: what a far end could still send again is not waited for), and
    /// looks at its log: no error, no panic, nobody's number (STYLE rules 11 and 12).
    pub fn close(mut self, expected_errors: &[&str]) {
        assert!(self.runs(), "it still runs: {}", self.log_text());
        self.terminate();
        if self.ended_within(Duration::from_millis(500)).is_none() {
            self.terminate();
        }
        let status = self.ended_within(LIMIT).expect("it ends");
        assert!(status.success(), "{status}: {}", self.log_text());
        self.check_log(expected_errors);
    }

    /// No error but those, no panic, nobody's number.
    pub fn check_log(&self, expected_errors: &[&str]) {
        for line in self.log_text().lines() {
            let expected = expected_errors.iter().any(|error| line.contains(error));
            assert!(expected || !line.contains("ERROR"), "{line}");
            assert!(!line.contains("panicked at"), "{line}");
            assert!(!holds_number(line), "a number in the log: {line}");
        }
    }

    fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    /// However the test ends, no server outlives it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so; it must be within [`LIMIT`].
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < limit, "not within {LIMIT:?}: {what}");
        thread::park_timeout(LOOK_EVERY);
    }
}

fn ended_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let limit = Instant::now() + limit;
    loop {
        let ended = child.try_wait().unwrap();
        if ended.is_some() || Instant::now() > limit {
            return ended;
        }
        thread::park_timeout(LOOK_EVERY);
    }
}

/// Whether a log line holds as many digits in a row as a telephone number has. The fraction of the
/// time stamp is none, nor is a part of an id.
fn holds_number(line: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    line.split(|c: char| !part(c)).any(|word| {
        let digits = word.trim_matches(['.', '-']);
        digits.len() >= NUMBER_DIGITS && digits.chars().all(|c| c.is_ascii_digit())
    })
}

/// The binary: `ROTALINE_BIN`, or else built now, so that no test is passed by yesterday's.
pub fn rotaline() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(path) = std::env::var_os("ROTALINE_BIN") {
            return PathBuf::from(path)
                .canonicalize()
                .expect("ROTALINE_BIN is a program");
        }
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--package", "rotaline"])
            .current_dir(root());
        assert!(
            cargo.status().unwrap().success(),
            "the program could not be built"
        );
        let this = std::env::current_exe().unwrap(); // .../debug/deps/it-...
        this.ancestors()
            .nth(2)
            .expect("a target folder")
            .join("rotaline")
    })
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

fn target() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.ancestors().nth(3).expect("a target folder").to_owned()
}

/// Writes a file that a test leaves for whoever looks into its folder.
pub fn keep(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_number_in_a_log_line_is_found_and_a_time_or_an_id_is_none() {
    let numbers = [
        "to=+441632960101",
        "<sip:02079460001@127.0.0.1>",
        "called 7946000.",
        "a 01632960",
    ];
    for line in numbers {
        assert!(holds_number(line), "{line}");
    }
    let others = [
        "2026-11-24T08:04:30.131770Z  INFO rotaline",
        "case_id=01a20c95-bc5a-72ff-b237-e6ee9692eddd",
        "SIP on 127.0.0.1:24600",
        "z9hG4bK123456789",
    ];
    for line in others {
        assert!(!holds_number(line), "{line}");
    }
}
