//! What people typed and what programs answered, as a file that stays the same from run to run.

use crate::normalise::Normaliser;
use crate::process::Outcome;
use std::path::Path;

/// A transcript being written.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    normaliser: Normaliser,
}

/// Set to 1, transcripts are written anew instead of compared; what changed then stands in the version control.
const ACCEPT: &str = "SAMVERKAN_ACCEPT_TRANSCRIPTS";

/// Whether transcripts are written anew instead of compared, as `SAMVERKAN_ACCEPT_TRANSCRIPTS` says.
#[must_use]
pub fn accepts() -> bool {
    std::env::var_os(ACCEPT).is_some()
}

impl Transcript {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says in words what is not typed.
    pub fn remark(&mut self, sentence: &str) {
        self.text += &format!("\n# {sentence}\n\n");
    }

    /// What somebody typed.
    pub fn typed(&mut self, who: &str, line: &str) {
        let line = self.normaliser.apply(line);
        self.text += &format!("{who}$ {line}");
    }

    /// What was answered: results, notices marked with `!`, and how it ended unless that was well.
    pub fn said(&mut self, outcome: &Outcome) {
        self.text += &self.normaliser.apply(&outcome.stdout);
        for line in self.normaliser.apply(&outcome.stderr).lines() {
            self.text += format!("! {line}").trim_end();
            self.text += "\n";
        }
        if outcome.code != Some(0) {
            self.text += &format!("(exit {:?})\n", outcome.code);
        }
    }

    /// Compares it with the file at `path`.
    ///
    /// # Panics
    /// When they differ, with the first line that does.
    #[track_caller]
    pub fn compare(&self, path: &Path) {
        if accepts() {
            return std::fs::write(path, &self.text).expect("the transcript can be written");
        }
        let expected = std::fs::read_to_string(path).unwrap_or_default();
        if self.text == expected {
            return;
        }
        let same = self.text.lines().zip(expected.lines()).take_while(|(now, then)| now == then).count();
        let line = |text: &str| text.lines().nth(same).unwrap_or("(the end)").to_owned();
        panic!(
            "{} differs in line {}\n  then: {}\n  now:  {}\nIf that is right, run the test with {ACCEPT}=1 and look at what changed.",
            path.display(),
            same + 1,
            line(&expected),
            line(&self.text)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(reference: &str) -> Transcript {
        let mut transcript = Transcript::new();
        transcript.remark("It begins.");
        transcript.typed("boj", &format!("samverkan show {reference}"));
        transcript.said(&Outcome {
            command: String::new(),
            code: Some(4),
            stdout: format!("{reference}\n"),
            stderr: "no\n".to_owned(),
        });
        transcript
    }

    #[test]
    fn a_transcript_is_the_same_for_other_references_and_differs_for_other_words() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let expected = "\n# It begins.\n\nboj$ samverkan show REF-1\nREF-1\n! no\n(exit Some(4))\n";
        std::fs::write(file.path(), expected).expect("written");
        transcript("K7M-4QD-9").compare(file.path());
        let mut other = transcript("W2A-4QD-9");
        other.compare(file.path());
        other.remark("It goes on.");
        let panic = std::panic::catch_unwind(|| other.compare(file.path())).expect_err("it differs");
        let said = panic.downcast_ref::<String>().expect("a sentence");
        assert!(said.contains("line 8") && said.contains("then: (the end)"), "{said}");
    }
}
