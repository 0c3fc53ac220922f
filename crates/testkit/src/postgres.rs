//! A PostgreSQL server for tests: its own folder and port, started and ended with the tests.
//!
//! The server is Debian's or another that is installed; its usual cluster is left alone. It runs as
//! a user without rights (root may not run it), listens on loopback and on a socket in its folder,
//! and does not wait for the disk. A shell that holds our pipe ends it when we are gone, however we
//! went. `ROTALINE_POSTGRES` names one that runs already (`host:port`): `tests/run` sets it, so
//! that not every test process starts its own.

#![allow(clippy::disallowed_methods)] // a real server on real time
#![allow(clippy::unwrap_used)] // for tests alone

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The superuser of the server, who needs no password.
const USER: &str = "rotaline";
/// Whoever has no rights, if there is no user `postgres`.
const NOBODY: (u32, u32) = (65_534, 65_534);

/// A server.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    address: String,
    own: Option<Own>,
}

/// What is ours of a server.
#[derive(Debug)]
struct Own {
    folder: PathBuf,
    port: u16,
    user: Option<(u32, u32)>,
    /// Ends the server once its standard input ends.
    keeper: Child,
}

/// The server that all tests of this process share.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| match std::env::var("ROTALINE_POSTGRES") {
        Ok(address) => Cluster {
            programs: programs(),
            address,
            own: None,
        },
        Err(_) => Cluster::start(),
    })
}

/// An empty database of the shared server: its URL.
pub fn fresh() -> String {
    shared().fresh()
}

impl Cluster {
    /// Starts one of its own.
    pub fn start() -> Cluster {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("rotaline-postgres-{}-{number}", std::process::id());
        // Short: the path of a socket has at most 107 characters.
        let folder = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let user = without_rights();
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let port = free_port();
        let programs = programs();
        let own = Own {
            keeper: keeper(&programs, &folder, user),
            folder,
            port,
            user,
        };
        let data = own.data();
        let mut make = own.command(&programs.join("initdb"));
        make.args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        make.args(["--username", USER, "--pgdata"]).arg(&data);
        succeed(make);
        let cluster = Cluster {
            address: format!("127.0.0.1:{port}"),
            programs,
            own: Some(own),
        };
        cluster.resume();
        cluster
    }

    /// Where it is: host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// An empty database: its URL.
    pub fn fresh(&self) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let (host, port) = self.address.split_once(':').expect("host:port");
        let mut create = Command::new(self.programs.join("createdb"));
        create.args(["-h", host, "-p", port, "-U", USER, &name]);
        succeed(create);
        format!("postgres://{USER}@{}/{name}", self.address)
    }

    /// Ends it as a power cut does. Only one that was started here.
    pub fn stop_at_once(&self) {
        let mut stop = self.control();
        stop.args(["-m", "immediate", "stop"]);
        succeed(stop);
    }

    /// Starts it again.
    pub fn resume(&self) {
        let own = self.own.as_ref().expect("it was started here");
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300",
            own.port,
            own.folder.display()
        );
        let mut start = self.control();
        start.arg("-l").arg(own.folder.join("log"));
        start.args(["-o", &options, "start"]);
        succeed(start);
    }

    /// A client's program, told where the server is, e.g. `pg_dump`.
    pub fn client(&self, program: &str) -> Command {
        let (host, port) = self.address.split_once(':').expect("host:port");
        let mut command = Command::new(self.programs.join(program));
        command.env("PGHOST", host).env("PGPORT", port);
        command.env("PGUSER", USER);
        command
    }

    fn control(&self) -> Command {
        let own = self.own.as_ref().expect("it was started here");
        let mut control = own.command(&self.programs.join("pg_ctl"));
        control.arg("-w").arg("-D").arg(own.data());
        control
    }
}

impl Own {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &Path) -> Command {
        command_as(program, self.user, &self.folder)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own {
            drop(own.keeper.stdin.take());
            let _ = own.keeper.wait();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Where the server's programs are: `pg_config` may be of another version, or not there.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect(
        "PostgreSQL's server is installed in /usr/lib/postgresql (Debian: postgresql); without \
         it, leave these tests out with `--skip postgres`",
    )
}

fn without_rights() -> Option<(u32, u32)> {
    let root = fs::metadata("/proc/self").is_ok_and(|it| {
        use std::os::unix::fs::MetadataExt;
        it.uid() == 0
    });
    root.then(|| {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let line = users.lines().find(|line| line.starts_with("postgres:"));
        let ids = line.and_then(|line| {
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        ids.unwrap_or(NOBODY)
    })
}

fn command_as(program: &Path, user: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// Waits until we are gone, ends the server and takes its folder away.
fn keeper(programs: &Path, folder: &Path, user: Option<(u32, u32)>) -> Child {
    const SCRIPT: &str = "trap '' INT TERM; read -r _; \
        \"$1/pg_ctl\" -D \"$2/data\" -m immediate -w stop; rm -rf \"$2\"";
    let mut keeper = command_as(Path::new("/bin/sh"), user, Path::new("/"));
    keeper.arg("-c").arg(SCRIPT).arg("keeper");
    keeper.arg(programs).arg(folder).stdin(Stdio::piped());
    keeper.stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at the tests' terminal is not for it.
    keeper.process_group(0);
    keeper.spawn().unwrap()
}

/// Into a file: a server that goes on in the background would hold a pipe open.
fn succeed(mut command: Command) {
    let name = format!("{:?}", command.get_program());
    let log = std::env::temp_dir().join(format!(
        "rotaline-postgres-{}-{:?}.log",
        std::process::id(),
        std::thread::current().id()
    ));
    let file = fs::File::create(&log).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let status = command.status().unwrap();
    let said = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    assert!(status.success(), "{name}: {status}: {said}");
}
