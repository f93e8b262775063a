//! A command of a script, and what its answer has to be.

use super::Answer;
use regex::Regex;

/// A command, and what is expected of its answer.
#[derive(Clone, Debug)]
pub struct Question {
    /// The command.
    pub command: String,
    /// The answer.
    pub wanted: Wanted,
}

/// The answer that is wanted.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The command is done, and the lines of its answer are like this.
    Done(Option<Regex>),
    /// The same, but it is asked until they are.
    Until(Regex),
    /// The command is refused, with such words.
    Refused(Regex),
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be.
    Right,
    /// Perhaps later.
    NotYet,
    /// It is not, and why.
    Wrong(String),
}

impl Question {
    /// Whether `answer` is as it should be.
    pub fn judge(&self, answer: &Answer) -> Verdict {
        let text = answer.lines.join("\n");
        match (&self.wanted, &answer.error) {
            (Wanted::Done(None), None) => Verdict::Right,
            (Wanted::Done(Some(like)) | Wanted::Until(like), None) if like.is_match(&text) => Verdict::Right,
            (Wanted::Refused(like), Some(error)) if like.is_match(error) => Verdict::Right,
            (Wanted::Until(_), None) => Verdict::NotYet,
            (_, Some(error)) => Verdict::Wrong(format!("the answer to {self} is: error: {error}")),
            (_, None) => Verdict::Wrong(format!("the answer to {self} is:\n{text}\nok")),
        }
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, wanted } = self;
        match wanted {
            Wanted::Done(None) => write!(f, "control: {command}"),
            Wanted::Done(Some(like)) | Wanted::Until(like) => write!(f, "control: {command} => {like}"),
            Wanted::Refused(like) => write!(f, "control: {command} => error: {like}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged() {
        let like = |text: &str| crate::expect::pattern(text).unwrap();
        let answer = |error: Option<&str>| Answer {
            lines: vec!["1 linux running".into(), "2 dos off".into()],
            error: error.map(str::to_owned),
        };
        let judge = |wanted, answer| Question { command: "vms".into(), wanted }.judge(&answer);
        let (done, failed) = (|| answer(None), || answer(Some("no VM named x")));
        assert_eq!(judge(Wanted::Done(None), done()), Verdict::Right);
        assert_eq!(judge(Wanted::Done(Some(like("^2 dos off$"))), done()), Verdict::Right);
        assert_eq!(judge(Wanted::Until(like("linux")), done()), Verdict::Right);
        assert_eq!(judge(Wanted::Refused(like("no VM")), failed()), Verdict::Right);
        assert_eq!(judge(Wanted::Until(like("paused")), done()), Verdict::NotYet);
        for (wanted, answer) in [
            (Wanted::Done(None), failed()),
            (Wanted::Done(Some(like("linux"))), failed()),
            (Wanted::Until(like("linux")), failed()),
            (Wanted::Done(Some(like("paused"))), done()),
            (Wanted::Refused(like("linux")), done()),
            (Wanted::Refused(like("linux")), failed()),
        ] {
            let verdict = judge(wanted.clone(), answer.clone());
            assert!(matches!(verdict, Verdict::Wrong(_)), "{wanted:?} {answer:?}: {verdict:?}");
        }
    }
}
