use std::process::ExitCode;

use crate::told::Told;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was judged and nothing at or above the threshold was found.
    Clean,
    /// Findings at or above `--fail-on`.
    Findings,
    /// The arguments or the configuration are wrong.
    Usage,
    /// Something could not be read or judged. It is told before findings: a result that lacks something must not look
    /// whole.
    Incomplete,
    /// An error of Haechi itself or of the system it talks to.
    Internal,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Internal => 4,
        }
    }

    /// Errors that name a mistake of the user's carry [`UsageError`].
    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        let is_told = error.downcast_ref::<Told>().is_some_and(Told::is_usage);
        if is_told || error.is::<UsageError>() { Exit::Usage } else { Exit::Internal }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// The arguments fit the command line but not the world: an unknown check, a missing file given by name.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
