//! The life of a virtual machine: its states, and what may be done in each.
//!
//! ```text
//!            create              start
//!   Absent ---------> Creating -------> Stopped ---------> Running <-----> Paused
//!     ^                  (created)         ^     stop, its guest's end | pause, resume
//!     |                                    +---------------------------+
//!     +---- (destroyed) ---- Destroying <------- destroy, from each of the three
//! ```
//!
//! [`State::after`] is what the operator does, [`State::learn`] what happens by itself.

use core::fmt;
use machine::exits::StopReason;

/// Where a VM is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is described by pxhv.toml, and that is all.
    Absent,
    /// Its memory is being taken.
    Creating,
    /// It has its memory, and is off.
    Stopped,
    /// It is on.
    Running,
    /// It is on, and its CPUs are held.
    Paused,
    /// Its memory is being given back.
    Destroying,
}

/// What the operator does to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Takes memory for it.
    Create,
    /// Powers it on.
    Start,
    /// Powers it off.
    Stop,
    /// Holds its CPUs.
    Pause,
    /// Lets them go on.
    Resume,
    /// Presses its reset button.
    Reset,
    /// Powers it off and gives its memory back.
    Destroy,
}

/// What becomes known of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has its memory.
    Created,
    /// There is no memory for it.
    NotCreated,
    /// Its guest came to an end.
    Ended,
    /// Its memory is free.
    Destroyed,
}

/// A change that can't be made in this state. It reads as what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal {
    /// The state.
    pub state: State,
    /// The change.
    pub change: Change,
}

impl State {
    /// The state after `change`.
    ///
    /// # Errors
    /// [`Illegal`]: it can't be made now.
    pub const fn after(self, change: Change) -> Result<Self, Illegal> {
        match (self, change) {
            (Self::Absent, Change::Create) => Ok(Self::Creating),
            (Self::Stopped, Change::Start) | (Self::Paused, Change::Resume) => Ok(Self::Running),
            (Self::Running | Self::Paused, Change::Stop) => Ok(Self::Stopped),
            (Self::Running, Change::Pause) => Ok(Self::Paused),
            // A paused VM is at its first instruction then, and waits there.
            (Self::Running | Self::Paused, Change::Reset) => Ok(self),
            (Self::Stopped | Self::Running | Self::Paused, Change::Destroy) => Ok(Self::Destroying),
            _ => Err(Illegal { state: self, change }),
        }
    }

    /// The state after `event`; the same one if the event means nothing in it.
    #[must_use]
    pub const fn learn(self, event: Event) -> Self {
        match (self, event) {
            (Self::Creating, Event::Created) | (Self::Running | Self::Paused, Event::Ended) => Self::Stopped,
            (Self::Creating, Event::NotCreated) | (Self::Destroying, Event::Destroyed) => Self::Absent,
            _ => self,
        }
    }

    /// Whether the VM has memory and registers to look at.
    #[must_use]
    pub const fn exists(self) -> bool {
        matches!(self, Self::Stopped | Self::Running | Self::Paused)
    }

    /// Whether it takes memory: also while what it left there is erased.
    #[must_use]
    pub const fn takes_memory(self) -> bool {
        self.exists() || matches!(self, Self::Destroying)
    }

    /// As `vms` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Creating => "creating",
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Destroying => "destroying",
        }
    }
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.state, self.change) {
            (State::Absent, Change::Destroy) => "it does not exist",
            (State::Absent, _) => "it does not exist: create it first",
            (State::Creating, _) => "it is being created: wait",
            (State::Destroying, _) => "it is being destroyed: wait",
            (_, Change::Create) => "it exists already",
            (State::Stopped, Change::Stop) => "it is stopped already",
            (State::Stopped, _) => "it is stopped: start it first",
            (State::Paused, Change::Start) => "it is paused: resume it",
            (State::Paused, _) => "it is paused already",
            (State::Running, _) => "it is running already",
        })
    }
}

/// What a virtual CPU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VcpuState {
    /// Nothing: its VM is off or paused, or nobody has started it yet.
    Stopped,
    /// It executes its guest, on this CPU of the computer.
    Running(u32),
    /// It waits for an interrupt.
    Waiting,
    /// It has left its guest, and will go on when it is its turn.
    Exited,
}

impl fmt::Display for VcpuState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Running(cpu) => write!(f, "running on CPU {cpu}"),
            Self::Waiting => f.write_str("waiting for an interrupt"),
            Self::Exited => f.write_str("ready to go on"),
        }
    }
}

/// How a VM came to be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By its guest.
    Guest(StopReason),
    /// By the operator.
    Operator,
    /// It could not be started, as the log says.
    Failed,
}

impl Ending {
    /// Whether nobody wanted it.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Guest(reason) => {
                !matches!(reason, StopReason::Halted | StopReason::PowerOff | StopReason::DebugExit(_))
            }
            Self::Operator => false,
            Self::Failed => true,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest(reason) => write!(f, "{reason}"),
            Self::Operator => f.write_str("stopped by the operator"),
            Self::Failed => f.write_str("it could not be started: see the log"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const STATES: [State; 6] =
        [State::Absent, State::Creating, State::Stopped, State::Running, State::Paused, State::Destroying];
    const CHANGES: [Change; 7] = [
        Change::Create,
        Change::Start,
        Change::Stop,
        Change::Pause,
        Change::Resume,
        Change::Reset,
        Change::Destroy,
    ];

    /// Rows are states, columns changes; `-` is illegal.
    #[test]
    fn each_change_is_legal_in_its_states_only() {
        let row = |state: State| CHANGES.map(|change| state.after(change).map_or("-", State::name)).join(" ");
        assert_eq!(
            STATES.map(row),
            [
                "creating - - - - - -",
                "- - - - - - -",
                "- running - - - - destroying",
                "- - stopped paused - running destroying",
                "- - stopped - running paused destroying",
                "- - - - - - -",
            ]
        );
    }

    #[test]
    fn what_happens_by_itself_counts_only_where_it_can_happen() {
        let events = [Event::Created, Event::NotCreated, Event::Ended, Event::Destroyed];
        let row = |state: State| {
            let after = |event| if state.learn(event) == state { "-" } else { state.learn(event).name() };
            events.map(after).join(" ")
        };
        assert_eq!(
            STATES.map(row),
            ["- - - -", "stopped absent - -", "- - - -", "- - stopped -", "- - stopped -", "- - - absent",]
        );
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let words = |state: State, change| state.after(change).unwrap_err().to_string();
        assert_eq!(words(State::Absent, Change::Start), "it does not exist: create it first");
        assert_eq!(words(State::Absent, Change::Destroy), "it does not exist");
        assert_eq!(words(State::Stopped, Change::Create), "it exists already");
        assert_eq!(words(State::Stopped, Change::Stop), "it is stopped already");
        assert_eq!(words(State::Stopped, Change::Reset), "it is stopped: start it first");
        assert_eq!(words(State::Running, Change::Start), "it is running already");
        assert_eq!(words(State::Running, Change::Resume), "it is running already");
        assert_eq!(words(State::Paused, Change::Pause), "it is paused already");
        assert_eq!(words(State::Paused, Change::Start), "it is paused: resume it");
        assert_eq!(words(State::Creating, Change::Destroy), "it is being created: wait");
        assert_eq!(words(State::Destroying, Change::Create), "it is being destroyed: wait");
    }

    #[test]
    fn a_guest_may_end_itself() {
        let wanted = [StopReason::Halted, StopReason::PowerOff, StopReason::DebugExit(1)];
        assert!(wanted.into_iter().map(Ending::Guest).chain([Ending::Operator]).all(|end| !end.is_failure()));
        let unwanted = [Ending::Guest(StopReason::TripleFault), Ending::Failed];
        assert!(unwanted.into_iter().all(Ending::is_failure));
    }

    #[test]
    fn only_a_vm_with_memory_exists() {
        let exist = STATES.into_iter().filter(|state| state.exists());
        assert!(exist.eq([State::Stopped, State::Running, State::Paused]));
    }
}
