//! The tables of all exits: what each leads to and which tests show it. docs/exits.md is made of them
//! (`cargo test -p architecture`).

/// Whether the hypervisor asks the processor for an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The processor makes it whatever it is asked for.
    Always,
    /// A control or an intercept asks for it.
    Asked,
    /// Nothing asks for it. If it came all the same, the VM would end: "an exit that was not asked for".
    Never,
}

/// How the VM goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The guest runs on.
    Resume,
    /// The guest takes an exception, interrupt or NMI.
    Inject,
    /// This VM ends, or starts again.
    Stop,
    /// The computer itself has failed: pxHV ends.
    HostFault,
}

/// An exit, or a range of exits of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its number, or the first one.
    pub first: u32,
    /// The last one.
    pub last: u32,
    /// Its name in the manual.
    pub name: &'static str,
    /// Whether it is asked for.
    pub request: Request,
    /// What it can lead to. If nothing asks for it, what the guest's instruction or event does instead, without an exit.
    pub outcomes: &'static [Outcome],
    /// Why, in words.
    pub reason: &'static str,
    /// The tests that show it: boot tests (tests/boot), and tests of the machine crate, which have underscores in their
    /// names.
    pub tests: &'static [&'static str],
}

/// Makes constants of a table's names, and the table.
macro_rules! exit_table {
    ($type:ty; $(
        $first:literal $(..= $last:literal)? $name:ident $request:ident [$($outcome:ident)*] $reason:literal [$($test:literal)*]
    )*) => {
        $(
            #[doc = $reason]
            pub const $name: $type = $first;
        )*

        /// The first number of each row, and its name: all that stage 3 keeps of the table.
        pub const NAMES: &[($type, &str)] = &[$(($first, stringify!($name))),*];

        /// All of them, by number.
        pub const TABLE: &[$crate::exit_table::Row] = &[$(
            $crate::exit_table::Row {
                first: $first,
                last: $crate::exit_table::last!($first $($last)?),
                name: stringify!($name),
                request: $crate::exit_table::Request::$request,
                outcomes: &[$($crate::exit_table::Outcome::$outcome),*],
                reason: $reason,
                tests: &[$($test),*],
            },
        )*];
    };
}

/// The last number of a row.
macro_rules! last {
    ($first:literal) => {
        $first
    };
    ($first:literal $last:literal) => {
        $last
    };
}

pub(crate) use {exit_table, last};
