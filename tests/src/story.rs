//! Tells a story on a writer: chapters, who does what, and what a program answered.

use crate::process::Outcome;
use std::io::Write;

/// A narrator. Write errors end the story at once: nobody is listening.
#[derive(Debug)]
pub struct Story<W> {
    out: W,
    chapter: u32,
}

/// What telling gives: an error only when nobody listens.
pub type Told = std::io::Result<()>;

impl<W: Write> Story<W> {
    /// Begins with a title.
    ///
    /// # Errors
    /// Those of the writer, here and below.
    pub fn begin(mut out: W, title: &str) -> std::io::Result<Self> {
        writeln!(out, "{title}\n{}", "=".repeat(title.chars().count()))?;
        Ok(Self { out, chapter: 0 })
    }

    /// The next chapter.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn chapter(&mut self, title: &str) -> Told {
        self.chapter += 1;
        writeln!(self.out, "\n{}. {title}", self.chapter)
    }

    /// One sentence.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn tell(&mut self, sentence: &str) -> Told {
        writeln!(self.out, "   {sentence}")
    }

    /// What a person typed, and what the program printed.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn show(&mut self, typed: &str, outcome: &Outcome) -> Told {
        writeln!(self.out, "   $ {typed}")?;
        for line in outcome.stdout.lines().chain(outcome.stderr.lines()) {
            writeln!(self.out, "     {line}")?;
        }
        Ok(())
    }

    /// The writer, when the story is over.
    pub fn end(self) -> W {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_has_chapters_and_sentences() {
        let mut story = Story::begin(Vec::new(), "Title").expect("a vector listens");
        story.chapter("First").expect("a vector listens");
        story.tell("It begins.").expect("a vector listens");
        assert_eq!(story.end(), b"Title\n=====\n\n1. First\n   It begins.\n");
    }
}
