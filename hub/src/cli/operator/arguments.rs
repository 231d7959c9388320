//! What `operator` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use data_encoding::HEXLOWER;
use samverkan_proto::ids::Handle;
use samverkan_proto::sign::PublicKey;

const ADD_EXAMPLE: &str = "\
A name is a function, never a person's: every member reads it in the log.

Examples:
  samverkan-hub operator add drift-ett --key /root/drift-ett.pem       the first, with its own key
  samverkan-hub operator add drift-tva PUBLIC-KEY --key /root/drift-ett.pem";

const RULE_EXAMPLE: &str = "\
With two, an organisation is suspended or removed, and the operators or this rule are changed, only once two
operators have signed the same within 24 hours. Register at least three: with two, one lost key stops all that.

Example:
  samverkan-hub operator rule two --key /root/drift-ett.pem";

const SIGN_EXAMPLE: &str = "\
Without --yes it shows the whole deed and signs nothing. Read it to the first operator by telephone: that it is what they signed,
and for a new operator, that the key is the one they were told.

Examples:
  samverkan-hub operator sign 3f9a21c7-0b5d44e2-91c86f3a-d2077e15
  samverkan-hub operator sign 3f9a21c7-0b5d44e2-91c86f3a-d2077e15 --yes --key /root/drift-tva.pem";

#[derive(Debug, Args)]
pub(in super::super) struct Operator {
    /// The file of the key to sign with [default: operator_key in the configuration].
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum Command {
    /// Make a key in a new file, and print its public half. Needs no running hub.
    #[command(after_help = "Example:\n  samverkan-hub operator new /root/drift-ett.pem")]
    New {
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Let a key act for the hub. From the first on, everything must be signed.
    #[command(after_help = ADD_EXAMPLE)]
    Add {
        /// What the operator is called: a-z, 0-9 and -.
        name: Handle,
        /// Its public key as `operator new` prints it [default: that of --key].
        #[arg(value_parser = public_key)]
        public_key: Option<PublicKey>,
    },
    /// Take an operator's key out.
    #[command(after_help = "Example:\n  samverkan-hub operator remove drift-tva --key /root/drift-ett.pem")]
    Remove {
        /// What the operator is called.
        name: Handle,
    },
    /// List the operators and their rule.
    #[command(after_help = "Example:\n  samverkan-hub operator list")]
    List,
    /// How many must sign what cuts somebody off.
    #[command(after_help = RULE_EXAMPLE)]
    Rule {
        /// One operator, or two.
        #[arg(value_enum)]
        signatures: Rule,
    },
    /// List what waits for a second signature.
    #[command(after_help = "Example:\n  samverkan-hub operator pending")]
    Pending,
    /// Show what waits, and with --yes give the second signature; then it is done.
    #[command(after_help = SIGN_EXAMPLE)]
    Sign {
        /// What `operator pending` calls it: all 32 digits, with their hyphens or without.
        reference: String,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

/// How many must sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Rule {
    One,
    Two,
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = bytes.and_then(|bytes| PublicKey::parse(&bytes, "public_key").ok());
    key.ok_or_else(|| "it is the 64 digits that `operator new` prints".to_owned())
}
