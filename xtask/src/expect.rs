//! What a scripted run waits for, types and asks.

use crate::control::{Answer, Question, Verdict};
use crate::noise::Noise;
use regex::{Regex, RegexBuilder};

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Wait until this appears after what was matched before.
    Expect(Regex),
    /// Type this and Enter.
    Send(String),
    /// Ask this on the control port.
    Ask(Question),
    /// Send this, whatever it leads to.
    Noise(Noise),
}

/// A regular expression as scripts use it: `^` and `$` match at every line.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).multi_line(true).build()
}

/// A script and how far it is.
#[derive(Debug)]
pub struct Script {
    steps: std::vec::IntoIter<Step>,
    never: Vec<Regex>,
    /// Where in the text the next expectation starts to look.
    position: usize,
    /// The answer to a question is to come.
    is_asking: bool,
}

/// What a script wants next.
#[derive(Debug)]
pub enum Progress {
    /// More text.
    Waiting,
    /// This typed.
    Type(String),
    /// This asked, and the answer by [`Script::answered`].
    Ask(String),
    /// This sent.
    Noise(Noise),
    /// It is told that this expectation was met.
    Met(String),
    /// It is done.
    Done,
    /// What must never appear did.
    Forbidden(String),
}

impl Script {
    /// A script of `steps` that fails as soon as one of `never` appears.
    pub fn new(steps: Vec<Step>, never: Vec<Regex>) -> Self {
        Self { steps: steps.into_iter(), never, position: 0, is_asking: false }
    }

    /// Looks at the whole console text so far. To be called until it is [`Progress::Waiting`] or
    /// ends.
    pub fn advance(&mut self, text: &str) -> Progress {
        if let Some(never) = self.never.iter().find(|never| never.is_match(text)) {
            return Progress::Forbidden(never.to_string());
        }
        match self.steps.as_slice().first() {
            None => Progress::Done,
            Some(Step::Send(line)) => {
                let line = line.clone();
                self.steps.next();
                Progress::Type(line)
            }
            Some(Step::Ask(_)) if self.is_asking => Progress::Waiting,
            Some(Step::Ask(question)) => {
                self.is_asking = true;
                Progress::Ask(question.command.clone())
            }
            Some(&Step::Noise(noise)) => {
                self.steps.next();
                Progress::Noise(noise)
            }
            // `^` must see what stands before the position, so the text is not cut.
            Some(Step::Expect(expected)) => match expected.find_at(text, self.position) {
                None => Progress::Waiting,
                Some(found) => {
                    let met = expected.to_string();
                    self.position = found.end();
                    self.steps.next();
                    Progress::Met(met)
                }
            },
        }
    }

    /// Whether the next step is for all that was sent before it to have been taken, on either port.
    pub fn changes_ports(&self) -> bool {
        matches!(self.steps.as_slice().first(), Some(Step::Ask(_) | Step::Noise(_)))
    }

    /// The answer to a question came: what it met, None if it is to be asked again; or why it is wrong.
    pub fn answered(&mut self, answer: &Answer) -> Result<Option<String>, String> {
        self.is_asking = false;
        let Some(Step::Ask(question)) = self.steps.as_slice().first() else { return Ok(None) };
        match question.judge(answer) {
            Verdict::Right => {
                let met = question.to_string();
                self.steps.next();
                Ok(Some(met))
            }
            Verdict::NotYet => Ok(None),
            Verdict::Wrong(reason) => Err(reason),
        }
    }

    /// The expectation that is being waited for.
    pub fn pending(&self) -> Option<String> {
        self.steps.as_slice().iter().find_map(|step| match step {
            Step::Expect(expected) => Some(expected.to_string()),
            Step::Ask(question) => Some(question.to_string()),
            Step::Send(_) | Step::Noise(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Wanted;
    use crate::noise::Port;

    fn expect(text: &str) -> Step {
        Step::Expect(pattern(text).unwrap())
    }

    #[test]
    fn expectations_are_met_in_order() {
        let mut script = Script::new(vec![expect("two"), expect("one")], vec![]);
        assert!(matches!(script.advance("one two"), Progress::Met(_)));
        assert!(matches!(script.advance("one two"), Progress::Waiting), "one came before two");
        assert_eq!(script.pending().as_deref(), Some("one"));
        assert!(matches!(script.advance("one two one"), Progress::Met(_)));
        assert!(matches!(script.advance("one two one"), Progress::Done));
    }

    #[test]
    fn text_is_typed_after_the_expectation_before_it() {
        let mut script = Script::new(vec![expect("# "), Step::Send("ls".into()), expect("x")], vec![]);
        assert!(matches!(script.advance("boot"), Progress::Waiting));
        assert!(matches!(script.advance("boot\n# "), Progress::Met(_)));
        assert!(matches!(script.advance("boot\n# "), Progress::Type(line) if line == "ls"));
        assert!(matches!(script.advance("boot\n# "), Progress::Waiting));
    }

    #[test]
    fn anchors_match_at_lines_and_not_at_the_position() {
        let mut script = Script::new(vec![expect("a"), expect("^b"), expect("^c$")], vec![]);
        script.advance("ab");
        assert!(matches!(script.advance("ab"), Progress::Waiting), "b does not start the line");
        assert!(matches!(script.advance("ab\nb"), Progress::Met(_)), "an unfinished line counts");
        assert!(matches!(script.advance("ab\nb\ncc"), Progress::Waiting));
        assert!(matches!(script.advance("ab\nb\ncc\nc\n"), Progress::Met(_)));
    }

    #[test]
    fn a_question_waits_for_what_was_sent_and_for_its_answer() {
        let wanted = Wanted::Until(pattern("dos").unwrap());
        let question = Question { command: "vms".into(), wanted };
        let noise = Noise { bytes: 1, seed: 2, to: Port::Console };
        let mut script =
            Script::new(vec![Step::Send("ls".into()), Step::Ask(question), Step::Noise(noise)], vec![]);
        assert!(!script.changes_ports());
        assert!(matches!(script.advance(""), Progress::Type(_)));
        let answer = |line: &str| Answer { lines: vec![line.into()], error: None };
        for (line, met) in [("linux", None), ("linux dos", Some("control: vms => dos".to_owned()))] {
            assert!(script.changes_ports());
            assert!(matches!(script.advance(""), Progress::Ask(command) if command == "vms"));
            assert!(matches!(script.advance(""), Progress::Waiting));
            assert_eq!(script.answered(&answer(line)), Ok(met));
        }
        assert!(script.changes_ports());
        assert!(matches!(script.advance(""), Progress::Noise(noise) if noise.bytes == 1));
        assert!(!script.changes_ports());
        assert!(matches!(script.advance(""), Progress::Done));
    }

    #[test]
    fn forbidden_text_ends_it_at_once() {
        let mut script = Script::new(vec![expect("x")], vec![pattern("^panic").unwrap()]);
        assert!(matches!(script.advance("no panic"), Progress::Waiting));
        assert!(matches!(script.advance("x\npanic"), Progress::Forbidden(_)));
    }
}
