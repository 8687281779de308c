//! A real registry: Debian's `docker-registry`, unpacked and never installed, since the package's own service listens everywhere.
//!
//! It listens on this machine alone, with TLS by an authority of its own and a password, and has no list of referrers. It is stopped when
//! its value is dropped.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::scratch;

/// Who may read and write.
const USER: &str = "ann";
/// The password of [`USER`].
pub const REGISTRY_PASSWORD: &str = "hunter2-of-the-registry";
/// bcrypt of [`REGISTRY_PASSWORD`].
const HTPASSWD: &str = "ann:$2y$05$abcdefghijklmnopqrstuuJQ0OEfoQ1jvzDwPykoQtl7vEtSYYygy\n";
/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A registry that runs.
pub struct DockerRegistry {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl DockerRegistry {
    /// Starts one; nothing where its program cannot be had and nobody insists (see [`docker_registry`]).
    pub fn start() -> Option<Self> {
        let program = docker_registry()?;
        let folder = TempDir::with_prefix("presetter-registry-").unwrap();
        let at = |name: &str| folder.path().join(name);
        certificates(folder.path());
        fs::write(at("htpasswd"), HTPASSWD).unwrap();
        // The port is free now. If another takes it meanwhile, the registry ends and the next port is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = format!(
                "version: 0.1\nlog: {{level: warn, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {data}}}}}\n\
                 http: {{addr: \"127.0.0.1:{port}\", tls: {{certificate: {cert}, key: {key}}}}}\n\
                 auth: {{htpasswd: {{realm: presetter, path: {users}}}}}\n",
                data = at("data").display(),
                cert = at("cert.pem").display(),
                key = at("key.pem").display(),
                users = at("htpasswd").display(),
            );
            fs::write(at("config.yml"), config).unwrap();
            let mut command = Command::new(program);
            command.arg("serve").arg(at("config.yml")).env_clear();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            if answers(&mut child, port) {
                return Some(Self { child, folder, port });
            }
        }
        panic!("docker-registry does not start");
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The authority that vouches for it.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Logs a user of the system in, as `docker login` does.
    pub fn log_in(&self, home: &Path, password: &str) {
        fs::create_dir_all(home.join(".docker")).unwrap();
        let auth = STANDARD.encode(format!("{USER}:{password}"));
        let config = serde_json::json!({ "auths": { self.host(): { "auth": auth } } });
        fs::write(home.join(".docker/config.json"), config.to_string()).unwrap();
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the program listens; false if it has ended.
fn answers(child: &mut Child, port: u16) -> bool {
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(_) => return true,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => panic!("{error}"),
        }
        assert!(since.elapsed() < PATIENCE, "docker-registry does not listen");
        thread::sleep(Duration::from_millis(10));
    }
    false
}

/// An authority, and a certificate of this machine by it.
fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority_cert = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let issuer = Issuer::new(authority, authority_key);
    let cert = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("ca.pem"), authority_cert.pem()).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

/// The program, from Debian's archive, unpacked below the target folder and kept there. Where it cannot be had, a test that needs it fails
/// if `CI` is set, and is left out if `PRESETTER_OFFLINE` is.
fn docker_registry() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(|| got("docker-registry", "usr/bin/docker-registry")).as_deref()
}

/// Whether what needs the network is left out here. Never in CI.
pub fn left_out() -> bool {
    std::env::var_os("CI").is_none() && std::env::var_os("PRESETTER_OFFLINE").is_some()
}

/// A program of one of Debian's packages.
fn got(package: &str, program: &str) -> Option<PathBuf> {
    let folder = scratch("debian");
    let there = folder.join(package).join(program);
    if there.is_file() {
        return Some(there);
    }
    if left_out() {
        return None;
    }
    fs::create_dir_all(&folder).unwrap();
    // Other tests may want it at the same time: each gets it for itself, and the first one's stays.
    let own = TempDir::new_in(&folder).unwrap();
    let done = |command: &mut Command| {
        let output = command.current_dir(own.path()).output().map_err(|error| error.to_string())?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    };
    let download = || done(Command::new("apt-get").args(["download", package]));
    // A machine that never asked knows of no package.
    let loaded = download().or_else(|_| done(Command::new("apt-get").arg("update")).and_then(|()| download()));
    let unpacked = loaded.and_then(|()| done(Command::new("sh").args(["-c", "dpkg -x ./*.deb whole"])));
    if let Err(why) = unpacked {
        panic!(
            "{package} cannot be had ({why}): run `apt-get update`, or set PRESETTER_OFFLINE=1 to leave its tests out"
        );
    }
    let _ = fs::rename(own.path().join("whole"), folder.join(package));
    assert!(there.is_file(), "{package} has no {program}");
    Some(there)
}
