//! A whole log in one file, and how it is checked by whoever has nothing else (PROTOCOL.md section 13).
//!
//! The file is text: the signed note of a checkpoint, an empty line, and for each leaf from the first on a line
//! `<base64 of the leaf data> <base64 of its record>`. The record of leaf 0 has the hub's keys, the note its name.

use std::io::{self, BufRead, Read, Write};

use super::{Check, Checkpoint, HubKeys, Leaf, LogFault, LogFold, Record};
use crate::fault::InvalidField;
use crate::ids::HubName;
use crate::limits::MAX_LOG_RECORD;
use crate::statement::epoch_key::Epoch;
use bytes::Bytes;
use data_encoding::BASE64;

/// The longest line: two texts in base64, and what stands between and behind them.
const MAX_LINE: u64 = (MAX_LOG_RECORD as u64 + 64) * 4 / 3 + 64;
/// The longest note.
const MAX_NOTE: usize = 4 << 10;

/// Why a log in a file is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file can not be read or written.
    #[error("the file can not be read or written: {0}")]
    Io(#[from] io::Error),
    /// The file is not an exported log.
    #[error("line {line} is not one of an exported log")]
    Form {
        /// The line, from 1.
        line: u64,
    },
    /// The log has no leaf that names the hub's keys.
    #[error("the log does not begin with the hub's keys")]
    NoKeys,
    /// The log is of a hub with other keys than the expected.
    #[error("the log is of a hub with other keys")]
    OtherHub,
    /// A leaf breaks a rule.
    #[error("leaf {index} breaks a rule: {fault}")]
    Leaf {
        /// Which one, from 0.
        index: u64,
        /// The rule.
        fault: LogFault,
    },
    /// The checkpoint is not the hub's.
    #[error("the checkpoint is not the hub's: {0}")]
    Checkpoint(InvalidField),
    /// The leaves do not add up to the checkpoint.
    #[error("the leaves do not add up to the checkpoint")]
    Root,
}

/// What was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// The hub's name in the log's origin.
    pub hub: HubName,
    /// The pin of the hub's keys, to be compared with the one of an invite.
    pub pin: [u8; 32],
    /// The checkpoint that the leaves add up to.
    pub checkpoint: Checkpoint,
    /// How many organisations the log names.
    pub organisations: u64,
}

/// Writes the head of an exported log.
///
/// # Errors
/// Those of `out`.
pub fn write_head(out: &mut impl Write, checkpoint: &Checkpoint) -> io::Result<()> {
    out.write_all(checkpoint.note())?;
    out.write_all(b"\n")
}

/// Writes one leaf with its record; they come in log order.
///
/// # Errors
/// Those of `out`.
pub fn write_entry(out: &mut impl Write, leaf: &[u8], record: &[u8]) -> io::Result<()> {
    writeln!(out, "{} {}", BASE64.encode(leaf), BASE64.encode(record))
}

/// Checks an exported log: that every record hashes into its leaf, that every rule is kept and every signature holds, and that the leaves
/// add up to the checkpoint. With `pin` also that it is of that hub.
///
/// # Errors
/// [`AuditError`], the first that is found.
pub fn verify(input: &mut impl BufRead, pin: Option<&[u8; 32]>) -> Result<Audited, AuditError> {
    let mut lines = Lines { input, number: 0 };
    let note = lines.note()?;
    verify_entries(note, std::iter::from_fn(|| lines.entry().transpose()), pin)
}

/// The same for a log that is kept in another form: the signed note, and every leaf with its record.
///
/// # Errors
/// [`AuditError`], the first that is found.
pub fn verify_entries(
    note: Bytes,
    mut entries: impl Iterator<Item = Result<(Bytes, Bytes), AuditError>>,
    pin: Option<&[u8; 32]>,
) -> Result<Audited, AuditError> {
    let first = entries.next().ok_or(AuditError::NoKeys)??;
    let keys = keys_in(&first).ok_or(AuditError::NoKeys)?;
    if pin.is_some_and(|pin| *pin != keys.pin()) {
        return Err(AuditError::OtherHub);
    }
    let hub = hub_of(&note).ok_or(AuditError::Form { line: 1 })?;
    let checkpoint = Checkpoint::verify(note, &hub, &keys.log_key).map_err(AuditError::Checkpoint)?;
    let mut fold = LogFold::new(keys.pin());
    for entry in std::iter::once(Ok(first)).chain(entries) {
        let (leaf, record) = entry?;
        let index = fold.tree().size();
        // No key is looked up here, so none is kept.
        let none = Epoch::new(u32::MAX);
        fold.append(&leaf, &record, none, Check::Everything)
            .map_err(|fault| AuditError::Leaf { index, fault })?;
    }
    if fold.tree().head() != checkpoint.head() {
        return Err(AuditError::Root);
    }
    let organisations = fold.organisations().count() as u64;
    Ok(Audited { hub, pin: keys.pin(), checkpoint, organisations })
}

fn keys_in((leaf, record): &(Bytes, Bytes)) -> Option<HubKeys> {
    match Leaf::parse(leaf).ok()?.open(record).ok()? {
        Record::HubKeys(keys) => Some(keys),
        _ => None,
    }
}

/// The hub that a note names in its first line.
fn hub_of(note: &[u8]) -> Option<HubName> {
    let (origin, _) = str::from_utf8(note).ok()?.split_once('\n')?;
    origin.strip_prefix("samverkan/")?.parse().ok()
}

struct Lines<'a, R> {
    input: &'a mut R,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line with its end; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<Vec<u8>>, AuditError> {
        let mut line = Vec::new();
        self.number += 1;
        self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(self.form()),
        }
    }

    /// The note: everything before the second empty line.
    fn note(&mut self) -> Result<Bytes, AuditError> {
        let (mut note, mut empty) = (Vec::new(), 0);
        while let Some(line) = self.next()? {
            if line == b"\n" {
                empty += 1;
                if empty == 2 {
                    return Ok(note.into());
                }
            }
            note.extend(line);
            if note.len() > MAX_NOTE {
                break;
            }
        }
        Err(self.form())
    }

    fn entry(&mut self) -> Result<Option<(Bytes, Bytes)>, AuditError> {
        let Some(line) = self.next()? else { return Ok(None) };
        let parse = |line: &[u8]| {
            let line = line.strip_suffix(b"\n")?;
            let space = line.iter().position(|byte| *byte == b' ')?;
            let leaf = BASE64.decode(&line[..space]).ok()?;
            let record = BASE64.decode(&line[space + 1..]).ok()?;
            Some((leaf.into(), record.into()))
        };
        parse(&line).map(Some).ok_or_else(|| self.form())
    }

    fn form(&self) -> AuditError {
        AuditError::Form { line: self.number }
    }
}
