//! What a command knows of the machine it runs on, in one value that is handed down.
//!
//! Owns: folders, the way to secrets, the console, what the terminal can do. Must never: read the environment; `main` does,
//! and hands it in here. So every command also runs in a world made for a demo or a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use presetter_connection::{Connection, Store, Surroundings};
use presetter_egress::{Live, Resolver};
use presetter_receipt::Log;

use crate::console::Console;

/// Everything around a command.
#[derive(Clone)]
pub(crate) struct World {
    /// When the program began.
    pub(crate) started: Instant,
    /// The folder that relative paths begin at.
    pub(crate) cwd: PathBuf,
    /// Where state lives.
    pub(crate) dirs: Dirs,
    /// The policy that holds for all users of the machine; none on a stage, where nothing leaves the program.
    pub(crate) machine_policy: Option<PathBuf>,
    /// Who runs the program, as the environment says.
    pub(crate) user: Option<String>,
    /// Where secrets are looked up.
    pub(crate) surroundings: Arc<dyn Surroundings>,
    /// The folder of Docker's configuration, for the logins of registries.
    pub(crate) docker: Option<PathBuf>,
    /// How names of servers are found.
    pub(crate) resolver: Arc<dyn Resolver>,
    /// Where output goes.
    pub(crate) console: Arc<Console>,
    /// The person's editor, a program with arguments.
    pub(crate) editor: Option<String>,
    /// A person sits at standard input and can be asked.
    pub(crate) interactive: bool,
    /// Ctrl-C is ours to handle.
    pub(crate) signals: bool,
}

/// The program's folders.
#[derive(Debug, Clone)]
pub(crate) struct Dirs {
    /// Connections, overrides, the user's own policy.
    pub(crate) config: PathBuf,
    /// Installed bundles.
    pub(crate) data: PathBuf,
    /// Sessions, keys, receipts, and what was seen of trust.
    pub(crate) state: PathBuf,
    /// Compiled code; may be removed at any time.
    pub(crate) cache: PathBuf,
}

impl Dirs {
    /// All below one folder.
    pub(crate) fn below(home: &Path) -> Self {
        Self {
            config: home.join("config"),
            data: home.join("data"),
            state: home.join("state"),
            cache: home.join("cache"),
        }
    }
}

impl World {
    /// The connections that were set up.
    pub(crate) fn store(&self) -> Store {
        Store::new(&self.dirs.config, &self.dirs.state)
    }

    /// Now, to the second: what people read and sign needs no more.
    pub(crate) fn now() -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The bundles that are installed.
    pub(crate) fn installed(&self) -> presetter_store::Store {
        presetter_store::Store::new(&self.dirs.data)
    }

    /// The network.
    pub(crate) fn network(&self) -> Arc<Live> {
        Arc::new(Live::with_resolver(self.resolver.clone()))
    }

    /// The receipts of all runs.
    pub(crate) fn receipts(&self) -> Log {
        Log::new(self.dirs.state.join("receipts"))
    }

    /// The names of connections, for a hint.
    pub(crate) fn names(connections: &[Connection]) -> String {
        connections.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use presetter_egress::SystemResolver;
    use presetter_secret::{Redactor, Secret};

    use super::*;
    use crate::console::Style;
    use crate::console::tests::Page;

    /// Has no secrets, and nobody to ask.
    struct Nobody;

    impl Surroundings for Nobody {
        fn var(&self, _: &str) -> Option<String> {
            None
        }

        fn prompt(&self, _: &str) -> Result<Secret, String> {
            Err("nobody is there".into())
        }
    }

    /// A world below one folder, whose console writes on a page.
    pub(crate) fn bare(home: &Path, page: &Page) -> World {
        let console = Console::new(Box::new(page.clone()), Box::new(page.clone()), Style::default(), Redactor::new());
        World {
            started: Instant::now(),
            cwd: home.to_owned(),
            dirs: Dirs::below(&home.join("presetter")),
            docker: None,
            machine_policy: None,
            user: None,
            surroundings: Arc::new(Nobody),
            resolver: Arc::new(SystemResolver),
            console: Arc::new(console),
            editor: None,
            interactive: false,
            signals: false,
        }
    }
}
