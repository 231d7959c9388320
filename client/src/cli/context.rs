//! What a command works with.

use super::globals::Globals;
use crate::error::Result;
use crate::home::{Environment, Home, ProfileName};

/// The surroundings of one command.
pub(super) struct Context {
    globals: Globals,
    environment: Environment,
}

impl Context {
    pub(super) const fn new(globals: Globals, environment: Environment) -> Self {
        Self { globals, environment }
    }

    /// Where profiles are kept.
    pub(super) fn home(&self) -> Result<Home> {
        Ok(Home::locate(&self.environment)?)
    }

    /// The profile that is asked for, or else the chosen one.
    pub(super) fn profile_name(&self) -> Result<ProfileName> {
        match &self.globals.profile {
            Some(name) => Ok(name.clone()),
            None => Ok(self.home()?.chosen()?),
        }
    }
}
