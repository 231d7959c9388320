//! Stories against real processes. Placeholder.
