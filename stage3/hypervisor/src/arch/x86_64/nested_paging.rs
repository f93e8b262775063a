//! Nested page tables: from guest-physical to host-physical addresses.
//!
//! EPT (Intel SDM, "The Extended Page Table Mechanism (EPT)") and NPT (AMD APM, "Nested Paging") are the same
//! four-level tree with different bits in the entries; a [`Format`] says which.
//!
//! All of a VM's memory has its place in the tables from the start. But each large page, be it mapped by one entry or by a
//! table of small pages, is behind an entry that is not present until the page is opened.

use super::page::{Hpa, Page, PAGE_SIZE};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use machine::memory::Gpa;

/// How an entry is written. All mappings are readable, writable and executable, write-back memory.
pub trait Format {
    /// The bits without which an entry is not present. All of them are set in the others.
    const PRESENT: u64;

    /// An entry that points to the next table.
    fn table(table: Hpa) -> u64;
    /// An entry that maps a page; `large` if the level is not the last one.
    fn page(page: Hpa, large: bool) -> u64;
}

/// Bytes mapped by one entry of a level: 4 KiB, 2 MiB, 1 GiB, 512 GiB.
const fn entry_bytes(level: u32) -> u64 {
    PAGE_SIZE << (9 * level)
}

/// Level of the root table.
const ROOT_LEVEL: u32 = 3;

/// One table: the page that the processor walks, and the tables below it.
struct Table {
    page: Page,
    children: Vec<(usize, Box<Table>)>,
}

impl Table {
    fn new() -> Self {
        Self { page: Page::zeroed(), children: Vec::new() }
    }

    fn set(&mut self, index: usize, entry: u64) {
        self.page[8 * index..8 * index + 8].copy_from_slice(&entry.to_le_bytes());
    }

    fn get(&self, index: usize) -> u64 {
        self.page.as_chunks().0.get(index).map_or(0, |entry| u64::from_le_bytes(*entry))
    }

    /// The table below the entry `index`, which is made if it is not there, with `bits` in the entry that points to it.
    fn child<F: Format>(&mut self, index: usize, bits: u64) -> &mut Table {
        let at = match self.children.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(at) => at,
            Err(at) => {
                let child = Box::new(Table::new());
                self.set(index, F::table(child.page.hpa()) & bits);
                self.children.insert(at, (index, child));
                at
            }
        };
        &mut self.children[at].1
    }
}

/// The level whose entries are opened and closed.
const GATE_LEVEL: u32 = 1;

/// The nested page tables of one VM.
pub struct NestedTables<F> {
    root: Table,
    format: PhantomData<F>,
}

impl<F: Format> NestedTables<F> {
    /// Tables that map nothing.
    pub fn new() -> Self {
        Self { root: Table::new(), format: PhantomData }
    }

    /// HPA of the root table.
    pub fn root(&self) -> Hpa {
        self.root.page.hpa()
    }

    /// Gives `bytes` bytes of guest-physical memory their place in host-physical memory, in 2 MiB pages where they fit. It is
    /// closed. All three numbers are multiples of 4 KiB, and nothing in the range has a place yet.
    pub fn map(&mut self, gpa: Gpa, hpa: Hpa, bytes: u64) {
        let large = entry_bytes(GATE_LEVEL);
        let closed = |level| if level == GATE_LEVEL { !F::PRESENT } else { u64::MAX };
        let mut done = 0;
        while done < bytes {
            let (from, to) = (gpa.0 + done, hpa.0 + done);
            let level = u32::from((from | to).is_multiple_of(large) && bytes - done >= large);
            let mut table = &mut self.root;
            for parent in (level + 1..=ROOT_LEVEL).rev() {
                table = table.child::<F>(index(from, parent), closed(parent));
            }
            table.set(index(from, level), F::page(Hpa(to), level > 0) & closed(level));
            done += entry_bytes(level);
        }
    }

    /// Lets the guest reach the large page of `gpa`. Whether it could not before. The processor keeps no translation that
    /// says "not present", so there is none to be dropped.
    pub fn open(&mut self, gpa: Gpa) -> bool {
        let mut table = &mut self.root;
        for parent in (GATE_LEVEL + 1..=ROOT_LEVEL).rev() {
            let index = index(gpa.0, parent);
            let Ok(at) = table.children.binary_search_by_key(&index, |(index, _)| *index) else {
                return false;
            };
            table = &mut table.children[at].1;
        }
        let index = index(gpa.0, GATE_LEVEL);
        let entry = table.get(index);
        let opens = entry != 0 && entry & F::PRESENT == 0;
        if opens {
            table.set(index, entry | F::PRESENT);
        }
        opens
    }

    /// Closes all large pages. The processor may have translations that have to be dropped.
    pub fn close(&mut self) {
        for (_, upper) in &mut self.root.children {
            for (_, gates) in &mut upper.children {
                for index in 0..512 {
                    gates.set(index, gates.get(index) & !F::PRESENT);
                }
            }
        }
    }
}

/// Position of the entry for `address` in a table of `level`.
const fn index(address: u64, level: u32) -> usize {
    (address / entry_bytes(level) % 512) as usize
}
