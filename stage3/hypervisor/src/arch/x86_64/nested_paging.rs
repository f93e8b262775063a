//! Nested page tables: from guest-physical to host-physical addresses.
//!
//! EPT (Intel SDM, "The Extended Page Table Mechanism (EPT)") and NPT (AMD APM, "Nested Paging") are the same
//! four-level tree with different bits in the entries; a [`Format`] says which.

use super::page::{Hpa, Page, PAGE_SIZE};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use machine::memory::Gpa;

/// How an entry is written. All mappings are readable, writable and executable, write-back memory.
pub trait Format {
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

    fn child<F: Format>(&mut self, index: usize) -> &mut Table {
        let at = match self.children.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(at) => at,
            Err(at) => {
                let child = Box::new(Table::new());
                self.set(index, F::table(child.page.hpa()));
                self.children.insert(at, (index, child));
                at
            }
        };
        &mut self.children[at].1
    }
}

/// The nested page tables of one VM.
pub struct NestedTables<F> {
    root: Table,
    largest_level: u32,
    format: PhantomData<F>,
}

impl<F: Format> NestedTables<F> {
    /// Tables that map nothing. With `huge`, 1 GiB pages are used where they fit.
    pub fn new(huge: bool) -> Self {
        Self { root: Table::new(), largest_level: if huge { 2 } else { 1 }, format: PhantomData }
    }

    /// HPA of the root table.
    pub fn root(&self) -> Hpa {
        self.root.page.hpa()
    }

    /// Maps `bytes` bytes of guest-physical memory to host-physical memory, with the largest pages that fit. All
    /// three numbers are multiples of 4 KiB, and nothing in the range is mapped yet.
    pub fn map(&mut self, gpa: Gpa, hpa: Hpa, bytes: u64) {
        let mut done = 0;
        while done < bytes {
            let (from, to) = (gpa.0 + done, hpa.0 + done);
            let level = (0..=self.largest_level)
                .rev()
                .find(|level| {
                    let size = entry_bytes(*level);
                    (from | to).is_multiple_of(size) && bytes - done >= size
                })
                .unwrap_or(0);
            let mut table = &mut self.root;
            for parent in (level + 1..=ROOT_LEVEL).rev() {
                table = table.child::<F>(index(from, parent));
            }
            table.set(index(from, level), F::page(Hpa(to), level > 0));
            done += entry_bytes(level);
        }
    }
}

/// Position of the entry for `address` in a table of `level`.
const fn index(address: u64, level: u32) -> usize {
    (address / entry_bytes(level) % 512) as usize
}
