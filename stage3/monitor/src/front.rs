//! Who has the console.

/// Who gets what is typed, and whose words are shown as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// The VM of this index.
    Vm(usize),
    /// The operator's own commands.
    Monitor,
    /// All VMs are shown, a line at a time; what is typed goes to nobody.
    Joined,
}
