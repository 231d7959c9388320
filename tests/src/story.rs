//! Tells a story on a writer: chapters, who does what, and what a program answered.

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

    /// What a person typed at whose prompt.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn typed(&mut self, prompt: &str, line: &str) -> Told {
        writeln!(self.out, "   {prompt}$ {line}")
    }

    /// One line of what a program answered.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn said(&mut self, line: &str) -> Told {
        writeln!(self.out, "     {line}")
    }

    /// Ends with a line of its own.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(mut self, line: &str) -> Told {
        writeln!(self.out, "\n{line}")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_has_chapters_sentences_commands_and_an_end() {
        let mut out = Vec::new();
        let tell = |out: &mut Vec<u8>| -> Told {
            let mut story = Story::begin(out, "Titel")?;
            story.chapter("First")?;
            story.tell("It begins.")?;
            story.typed("boj", "samverkan inbox")?;
            story.said("nothing new")?;
            story.end("All is well.")
        };
        tell(&mut out).expect("a vector listens");
        let told = String::from_utf8(out).expect("text");
        let (begin, rest) = told.split_once("\n\n").expect("a title");
        assert_eq!(begin, "Titel\n=====");
        assert_eq!(
            rest,
            "1. First\n   It begins.\n   boj$ samverkan inbox\n     nothing new\n\nAll is well.\n"
        );
    }
}
