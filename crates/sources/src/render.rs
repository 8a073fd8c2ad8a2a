//! Runs the programs that render charts and kustomizations, on files that nobody vouches for.
//!
//! What bounds a run: no shell, no environment of the user's, an empty `PATH` (nothing else can be started by name), a
//! home that is empty, proxies that lead nowhere, a wall clock, a bound on what is written and on memory, a process group
//! of its own that ends with the run. It is no sandbox: a program that is told to fetch from this very machine would; who
//! calls looks for such references first.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How much of what a program says about an error is kept, in bytes.
const SAID_BYTES: usize = 8 << 10;
/// A port of this machine that nobody listens on.
const NOWHERE: &str = "http://127.0.0.1:1";

/// What bounds a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderBounds {
    /// How long a program may run.
    pub wall: Duration,
    /// How much it may print, in bytes.
    pub output_bytes: usize,
    /// How much address space it may take, in bytes; Linux only.
    pub memory_bytes: u64,
}

impl Default for RenderBounds {
    fn default() -> Self {
        Self { wall: Duration::from_secs(30), output_bytes: 64 << 20, memory_bytes: 4 << 30 }
    }
}

/// Why there is no rendered text.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The program, or the folder that it runs in, could not be used.
    #[error("{0}")]
    Start(#[source] io::Error),
    /// It ended with an error.
    #[error("{said}")]
    Failed {
        /// What it wrote to standard error; the exit status if that was nothing.
        said: String,
    },
    /// It ran longer than [`RenderBounds::wall`] and was ended.
    #[error("ran longer than {} s", .0.as_secs_f32())]
    TooLong(Duration),
    /// It printed more than [`RenderBounds::output_bytes`] and was ended.
    #[error("printed more than {0} bytes")]
    TooLarge(usize),
}

/// An empty folder of a run's own: what the program is to read, and nothing of the user's. Gone with the value.
#[derive(Debug)]
pub struct Workplace {
    _folder: TempDir,
    path: PathBuf,
}

impl Workplace {
    /// Makes the folder.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("haechi-").tempdir()?;
        // Without symbolic links in it, so that relative paths out of it are right.
        let path = folder.path().canonicalize()?;
        std::fs::create_dir(path.join("home"))?;
        std::fs::create_dir(path.join("work"))?;
        Ok(Self { _folder: folder, path })
    }

    /// The folder that the program starts in, without symbolic links.
    pub fn path(&self) -> PathBuf {
        self.path.join("work")
    }

    /// Puts a file there.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        std::fs::write(self.path().join(name), bytes)
    }

    fn home(&self) -> PathBuf {
        self.path.join("home")
    }
}

/// The program of that name in the folders of `search`, written as the `PATH` variable is. Folders that are not named
/// from the root on are passed over: the current folder may be the one that is scanned.
pub fn find_program(name: &str, search: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(search)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// Runs `program` in the workplace and returns what it prints.
pub fn run_renderer(
    program: &Path,
    arguments: &[OsString],
    workplace: &Workplace,
    bounds: &RenderBounds,
) -> Result<Vec<u8>, RenderError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(workplace.path())
        .env_clear()
        .envs(environment(workplace))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let deadline = Instant::now() + bounds.wall;
    let child = command.spawn().map_err(RenderError::Start)?;
    let mut running = Running { child, is_over: false };
    running.bound_memory(bounds.memory_bytes);
    let (printed, said) = running.listen(deadline, bounds)?;
    running.await_end(deadline, bounds)?;
    let status = running.end().map_err(RenderError::Start)?;
    if status.success() {
        return Ok(printed);
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(RenderError::Failed { said: if said.is_empty() { status.to_string() } else { said } })
}

/// All that the program learns from its surroundings.
fn environment(workplace: &Workplace) -> Vec<(&'static str, OsString)> {
    let home = workplace.home().into_os_string();
    let mut variables = vec![
        ("KUBECONFIG", workplace.home().join("none").into_os_string()),
        ("LC_ALL", "C".into()),
        ("NO_PROXY", OsString::new()),
        ("no_proxy", OsString::new()),
        ("TMPDIR", home.clone()),
    ];
    for name in [
        "HELM_CACHE_HOME",
        "HELM_CONFIG_HOME",
        "HELM_DATA_HOME",
        "HELM_PLUGINS",
        "HOME",
        "PATH",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ] {
        variables.push((name, home.clone()));
    }
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "http_proxy", "https_proxy"] {
        variables.push((name, NOWHERE.into()));
    }
    variables
}

/// A program that runs; it ends with this value, and so does what it started.
struct Running {
    child: Child,
    /// Whether the program was waited for: then its number is no longer its own.
    is_over: bool,
}

/// What came out of one of the two ends.
enum Heard {
    Printed(Vec<u8>),
    Said(Vec<u8>),
}

impl Running {
    #[cfg(target_os = "linux")]
    fn bound_memory(&self, bytes: u64) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        // Where that is refused, the other bounds stand.
        let _ = prlimit(Some(Pid::from_child(&self.child)), Resource::As, limit);
    }

    #[cfg(not(target_os = "linux"))]
    fn bound_memory(&self, _bytes: u64) {}

    /// Hears both ends out: what was printed, and the beginning of what was said.
    fn listen(
        &mut self,
        deadline: Instant,
        bounds: &RenderBounds,
    ) -> Result<(Vec<u8>, Vec<u8>), RenderError> {
        let (sender, receiver) = sync_channel(2);
        let limit = bounds.output_bytes;
        // Not scoped: something that the program started may hold an end open for ever.
        if let Some(stdout) = self.child.stdout.take() {
            let sender = sender.clone();
            std::thread::spawn(move || hear(stdout, limit, false, Heard::Printed, &sender));
        }
        if let Some(stderr) = self.child.stderr.take() {
            let sender = sender.clone();
            std::thread::spawn(move || hear(stderr, SAID_BYTES, true, Heard::Said, &sender));
        }
        drop(sender);
        let (mut printed, mut said) = (Vec::new(), Vec::new());
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Heard::Printed(bytes)) if bytes.len() > limit => return Err(RenderError::TooLarge(limit)),
                Ok(Heard::Printed(bytes)) => printed = bytes,
                Ok(Heard::Said(bytes)) => said = bytes,
                Err(RecvTimeoutError::Timeout) => return Err(RenderError::TooLong(bounds.wall)),
                Err(RecvTimeoutError::Disconnected) => return Ok((printed, said)),
            }
        }
    }

    /// Waits until the program is through, and leaves its number taken until [`Running::end`].
    fn await_end(&mut self, deadline: Instant, bounds: &RenderBounds) -> Result<(), RenderError> {
        let mut pause = Duration::from_micros(200);
        while !self.has_ended().map_err(RenderError::Start)? {
            if Instant::now() >= deadline {
                return Err(RenderError::TooLong(bounds.wall));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(())
    }

    #[cfg(unix)]
    fn has_ended(&mut self) -> io::Result<bool> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.child)), options)?.is_some())
    }

    #[cfg(not(unix))]
    fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends what is left of the group, and tells how the program itself ended.
    fn end(&mut self) -> io::Result<std::process::ExitStatus> {
        // INVARIANT: the program was not waited for, so that no other group has its number by now.
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        let _ = self.child.kill();
        self.is_over = true;
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            let _ = self.end();
        }
    }
}

/// Reads to the end, or to one byte more than `limit`; what comes after is thrown away or not read.
fn hear(
    mut from: impl Read,
    limit: usize,
    to_the_end: bool,
    heard: fn(Vec<u8>) -> Heard,
    sender: &SyncSender<Heard>,
) {
    let mut bytes = Vec::new();
    // What was read before an error counts.
    let _ = from.by_ref().take(limit as u64 + 1).read_to_end(&mut bytes);
    if to_the_end {
        let _ = io::copy(&mut from, &mut io::sink());
        bytes.truncate(limit);
    }
    let _ = sender.send(heard(bytes));
}
