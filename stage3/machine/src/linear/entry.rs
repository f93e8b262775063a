//! Entries of page tables.

use crate::memory::Gpa;

/// Entry: writable.
pub const WRITABLE: u64 = 1 << 1;
/// Entry: user mode may access it.
pub const USER: u64 = 1 << 2;
/// Entry: no code there.
pub const NO_EXECUTE: u64 = 1 << 63;

/// An entry that a walk comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its level: 1 for page tables, 4 for the PML4.
    pub level: u32,
    /// Where it is.
    pub place: Gpa,
    /// What it holds.
    pub value: u64,
    /// What it is.
    pub kind: EntryKind,
}

impl Entry {
    /// It allows writes.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.value & WRITABLE != 0
    }

    /// It allows user mode.
    #[must_use]
    pub const fn is_user(&self) -> bool {
        self.value & USER != 0
    }

    /// It allows instruction fetches.
    #[must_use]
    pub const fn is_executable(&self) -> bool {
        self.value & NO_EXECUTE == 0
    }
}

/// What an entry of the page tables is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// P is clear.
    NotPresent,
    /// A bit is set that must be zero.
    Reserved,
    /// It points to a table of the next level. Those of the page-directory-pointer table of PAE paging have neither
    /// rights nor an accessed bit.
    Table {
        /// It has them.
        has_rights: bool,
    },
    /// It maps a page of so many bytes.
    Page(u64),
}
