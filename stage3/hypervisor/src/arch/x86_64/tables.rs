//! GDT, TSS and IDT of the boot CPU.
//!
//! Interrupt stacks (IST) are used for the exceptions that can come while the normal stack is unusable: double
//! fault, NMI, machine check.

use super::exceptions;
use spin::Once;
use x86_64::instructions::{segmentation::Segment as _, tables::load_tss};
use x86_64::registers::segmentation::{CS, DS, ES, FS, GS, SS};
use x86_64::structures::gdt::{Descriptor, GlobalDescriptorTable, SegmentSelector};
use x86_64::structures::idt::{Entry, HandlerFunc, InterruptDescriptorTable};
use x86_64::structures::tss::TaskStateSegment;
use x86_64::{PrivilegeLevel, VirtAddr};

/// Selector of the 64-bit code segment.
pub const CODE: u16 = 0x08;
/// Selector of the data segment.
pub const DATA: u16 = 0x10;
/// Selector of the TSS.
pub const TSS: u16 = 0x18;

/// Bytes of each interrupt stack.
const INTERRUPT_STACK: usize = 16 << 10;
/// Exceptions with a stack of their own: NMI, double fault, machine check.
const OWN_STACK: [usize; 3] = [2, 8, 18];

#[repr(align(16))]
struct InterruptStack {
    _bytes: [u8; INTERRUPT_STACK],
}

static mut INTERRUPT_STACKS: [InterruptStack; OWN_STACK.len()] =
    [const { InterruptStack { _bytes: [0; INTERRUPT_STACK] } }; OWN_STACK.len()];

static TASK: Once<TaskStateSegment> = Once::new();
static GDT: Once<GlobalDescriptorTable> = Once::new();
static IDT: Once<InterruptDescriptorTable> = Once::new();

/// Loads the tables and all segment registers.
pub fn load() {
    let tss = TASK.call_once(task_state);
    let gdt = GDT.call_once(|| {
        let mut gdt = GlobalDescriptorTable::new();
        let code = gdt.append(Descriptor::kernel_code_segment());
        let data = gdt.append(Descriptor::kernel_data_segment());
        let task = gdt.append(Descriptor::tss_segment(tss));
        debug_assert_eq!((code.0, data.0, task.0), (CODE, DATA, TSS));
        gdt
    });
    gdt.load();
    let code = SegmentSelector::new(CODE / 8, PrivilegeLevel::Ring0);
    let data = SegmentSelector::new(DATA / 8, PrivilegeLevel::Ring0);
    // SAFETY: the selectors name a 64-bit code segment, a data segment and a TSS in the GDT just loaded, all of
    // which are static.
    unsafe {
        CS::set_reg(code);
        DS::set_reg(data);
        ES::set_reg(data);
        SS::set_reg(data);
        FS::set_reg(SegmentSelector::NULL);
        GS::set_reg(SegmentSelector::NULL);
        load_tss(SegmentSelector::new(TSS / 8, PrivilegeLevel::Ring0));
    }
    // The gates take the code segment that is loaded now.
    IDT.call_once(interrupt_table).load();
}

fn task_state() -> TaskStateSegment {
    let mut tss = TaskStateSegment::new();
    // Only addresses are taken; the processor is the only user of these stacks.
    let mut tops = tss.interrupt_stack_table;
    let mut top = VirtAddr::from_ptr(&raw const INTERRUPT_STACKS);
    for entry in tops.iter_mut().take(OWN_STACK.len()) {
        top += INTERRUPT_STACK as u64;
        *entry = top;
    }
    tss.interrupt_stack_table = tops;
    tss
}

fn interrupt_table() -> InterruptDescriptorTable {
    let mut idt = InterruptDescriptorTable::new();
    // The entries' types tell which exceptions push an error code; our stubs know that by themselves, so the table
    // is filled as what it is to the processor: 256 gates of one kind.
    let gates = (&raw mut idt).cast::<Entry<HandlerFunc>>();
    for vector in 0..=u8::MAX {
        // SAFETY: the table is 256 entries of this size, and each stub is made for its vector.
        unsafe {
            let gate = &mut *gates.add(usize::from(vector));
            let options = gate.set_handler_addr(VirtAddr::new(exceptions::stub(vector)));
            if let Some(index) = OWN_STACK.iter().position(|own| *own == usize::from(vector)) {
                options.set_stack_index(index as u16);
            }
        }
    }
    idt
}
