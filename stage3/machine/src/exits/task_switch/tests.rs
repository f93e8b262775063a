use super::*;
use crate::exits::mock::{virtual_cpu, MockVcpu};
use crate::memory::test_ram::TestRam;
use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::{Gprs, MemoryFault, SelectorFault as S, CR0_ET, CR0_PE, RFLAGS_IF, SEGMENT_PRESENT};
use proptest::prelude::{any, proptest, ProptestConfig};
use std::vec::Vec;

const GDT: u64 = 0x1000;
const OLD: u64 = 0x2000;
const NEW: u64 = 0x3000;
const NEXT: u64 = 0x1_2345;

const CODE: u16 = 0x08;
const DATA: u16 = 0x10;
const OLD_TSS: u16 = 0x18;
const NEW_TSS: u16 = 0x20;
const NEW_TSS_16: u16 = 0x28;
const ABSENT: u16 = 0x30;
const USER_DATA: u16 = 0x38;
const LDT: u16 = 0x40;
const SMALL_CODE: u16 = 0x48;
const DATA_16: u16 = 0x50;
const TABLE: [u64; 11] = [
    0,
    0x00cf_9a00_0000_ffff,
    0x00cf_9200_0000_ffff,
    0x0000_8b00_2000_0067,
    0x0000_8900_3000_0067,
    0x0000_8100_3000_002b,
    0x00cf_1200_0000_ffff,
    0x00cf_f300_0000_ffff,
    0x0000_8200_4000_000f,
    0x0040_9b00_0000_000f,
    0x0000_9300_0000_ffff,
];

struct Bench {
    vcpu: MockVcpu,
    ram: TestRam,
}

impl Bench {
    /// A CPU in the task of [`OLD`], and a second task in [`NEW`].
    fn new() -> Self {
        let mut bench = Self { vcpu: MockVcpu::default(), ram: TestRam::new(0x1_0000) };
        let state = &mut bench.vcpu.state;
        state.cr0 = CR0_PE | CR0_ET;
        state.gprs = Gprs { rax: 1, rcx: 2, rdx: 3, rbx: 4, rbp: 6, rsi: 7, rdi: 8, ..Gprs::default() };
        (state.rsp, state.rip, state.rflags) = (5, 0x1_2340, RFLAGS_FIXED | RFLAGS_IF);
        (state.gdtr.base, state.gdtr.limit) = (GDT, (TABLE.len() * 8 - 1) as u16);
        state.tr = Segment { selector: OLD_TSS, attributes: 0x8b, limit: 0x67, base: OLD };
        (state.cs.selector, state.ss.selector, state.ds.selector) = (CODE, DATA, USER_DATA | 3);
        for (index, entry) in TABLE.iter().enumerate() {
            bench.ram.write(Gpa(GDT + 8 * index as u64), &entry.to_le_bytes()).unwrap();
        }
        for (index, value) in [0x8000_u32, 0x3246, 11, 12, 13, 14, 0x9000, 16, 17, 18].into_iter().enumerate()
        {
            bench.put(NEW + 0x20 + 4 * index as u64, value);
        }
        for (offset, selector) in
            [(0x48, DATA), (0x4c, CODE), (0x50, DATA), (0x54, USER_DATA | 3), (0x5c, DATA)]
        {
            bench.put(NEW + offset, selector.into());
        }
        bench.put(NEW, 0xffff_ffff);
        bench
    }

    fn put(&self, gpa: u64, value: u32) {
        self.ram.write(Gpa(gpa), &value.to_le_bytes()).unwrap();
    }

    fn get(&self, gpa: u64) -> u32 {
        u32::from_le_bytes(self.ram.peek(gpa, 4).try_into().unwrap())
    }

    fn switch(&mut self, selector: u16, cause: TaskSwitchCause) -> Outcome {
        let cpuid = virtual_cpu(CpuVendor::Intel).cpuid;
        handle(&TaskSwitch { selector, cause }, NEXT, &mut self.vcpu, &cpuid, &self.ram)
    }

    fn fault(&mut self, selector: u16, cause: TaskSwitchCause) -> Option<Fault> {
        assert_eq!(self.switch(selector, cause), Outcome::Resume);
        match self.vcpu.injected.take() {
            Some(Event::Fault(fault)) => Some(fault),
            _ => None,
        }
    }

    /// The switch fails in the old task, of which nothing changes.
    fn fails_before(&mut self, selector: u16, cause: TaskSwitchCause, fault: Fault) {
        let (state, memory) = (self.vcpu.state, self.ram.peek(0, 0x5000));
        assert_eq!(self.fault(selector, cause), Some(fault));
        assert_eq!(self.vcpu.state, state);
        assert!(self.ram.peek(0, 0x5000) == memory);
    }

    /// Type bits of a descriptor.
    fn kind(&self, selector: u16) -> u32 {
        self.get(GDT + u64::from(selector) + 4) >> 8 & 0xf
    }

    fn selectors(&self) -> [u16; 6] {
        let CpuState { es, cs, ss, ds, fs, gs, .. } = self.vcpu.state;
        [es, cs, ss, ds, fs, gs].map(|segment| segment.selector)
    }
}

const EXCEPTION: fn(u8, Option<u32>) -> TaskSwitchCause =
    |vector, error_code| TaskSwitchCause::Gate { vector, kind: EventKind::Exception, error_code };
const INTERRUPT: TaskSwitchCause =
    TaskSwitchCause::Gate { vector: 0x20, kind: EventKind::Interrupt, error_code: None };
const SOFTWARE: TaskSwitchCause =
    TaskSwitchCause::Gate { vector: 0x80, kind: EventKind::Software, error_code: None };

#[test]
fn call_saves_one_task_and_loads_the_other() {
    let mut bench = Bench::new();
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Call), None);
    let saved: Vec<u32> = (0..10).map(|index| bench.get(OLD + 0x20 + 4 * index)).collect();
    assert_eq!(saved, [NEXT as u32, 0x202, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(bench.get(OLD + 0x4c), CODE.into());
    assert_eq!(bench.get(OLD + 0x54), u32::from(USER_DATA) | 3);
    let state = bench.vcpu.state;
    let gprs = Gprs { rax: 11, rcx: 12, rdx: 13, rbx: 14, rbp: 16, rsi: 17, rdi: 18, ..Gprs::default() };
    assert_eq!((state.gprs, state.rsp, state.rip), (gprs, 0x9000, 0x8000));
    assert_eq!(state.rflags, 0x7246, "NT is set");
    assert_eq!(state.cr0, CR0_PE | CR0_ET | CR0_TS);
    assert_eq!(bench.selectors(), [DATA, CODE, DATA, USER_DATA | 3, 0, DATA]);
    assert_eq!((state.cs.attributes, state.cs.limit, state.cs.base), (0xc9b, u32::MAX, 0));
    assert_eq!((state.ss.attributes, state.fs.attributes), (0xc93, 0));
    assert_eq!(state.tr, Segment { selector: NEW_TSS, attributes: 0x8b, limit: 0x67, base: NEW });
    assert_eq!(bench.get(NEW), 0xffff_0000 | u32::from(OLD_TSS), "back link");
    assert_eq!((bench.kind(OLD_TSS), bench.kind(NEW_TSS)), (0xb, 0xb));
}

#[test]
fn iret_goes_back() {
    let mut bench = Bench::new();
    bench.put(GDT + u64::from(NEW_TSS) + 4, 0x0000_8b00);
    bench.vcpu.state.rflags |= RFLAGS_NT;
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Iret), None);
    assert_eq!((bench.kind(OLD_TSS), bench.kind(NEW_TSS)), (0x9, 0xb));
    assert_eq!(bench.get(OLD + 0x24), 0x202, "NT is clear");
    assert_eq!(bench.vcpu.state.rflags, 0x3246);
    assert_eq!(bench.get(NEW), 0xffff_ffff, "no link");
}

#[test]
fn jmp_leaves_for_good() {
    let mut bench = Bench::new();
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Jump), None);
    assert_eq!((bench.kind(OLD_TSS), bench.kind(NEW_TSS)), (0x9, 0xb));
    assert_eq!((bench.vcpu.state.rflags, bench.get(NEW)), (0x3246, 0xffff_ffff));
}

#[test]
fn an_event_returns_where_it_came_from() {
    for (cause, rip) in [(INTERRUPT, 0x1_2340), (SOFTWARE, NEXT), (EXCEPTION(6, None), 0x1_2340)] {
        let mut bench = Bench::new();
        assert_eq!(bench.fault(NEW_TSS, cause), None);
        assert_eq!(u64::from(bench.get(OLD + 0x20)), rip, "{cause:?}");
        assert_eq!((bench.vcpu.state.rsp, bench.vcpu.state.rflags), (0x9000, 0x7246));
    }
    let mut bench = Bench::new();
    assert_eq!(bench.fault(NEW_TSS, EXCEPTION(13, Some(0x1234))), None);
    assert_eq!((bench.vcpu.state.rsp, bench.get(0x8ffc)), (0x8ffc, 0x1234));
}

#[test]
fn a_tss_of_16_bits_has_halves() {
    let mut bench = Bench::new();
    for (index, value) in
        [0x8000_u16, 0x3246, 11, 12, 13, 14, 0x9000, 16, 17, 18, DATA, CODE, DATA_16, DATA, 0]
            .into_iter()
            .enumerate()
    {
        bench.ram.write(Gpa(NEW + 0xe + 2 * index as u64), &value.to_le_bytes()).unwrap();
    }
    assert_eq!(bench.fault(NEW_TSS_16, EXCEPTION(13, Some(0x1234))), None);
    let state = bench.vcpu.state;
    assert_eq!((state.rip, state.gprs.rax, state.rsp), (0x8000, 0xffff_000b, 0xffff_8ffe));
    assert_eq!(bench.selectors(), [DATA, CODE, DATA_16, DATA, 0, 0]);
    assert_eq!((bench.kind(NEW_TSS_16), state.tr.attributes), (3, 0x83));
    // And back: what is saved has halves, too.
    bench.put(GDT + u64::from(NEW_TSS) + 4, 0x0000_8b00);
    bench.vcpu.state.gprs.rcx = 0x1234_5678;
    assert_eq!(bench.fault(OLD_TSS, TaskSwitchCause::Iret), None);
    assert_eq!(bench.get(NEW + 0x14) & 0xffff, 0x5678);
    assert_eq!(bench.get(NEW + 0x16) & 0xffff, 13, "no more than a half");
}

#[test]
fn faults_of_the_old_task_change_nothing() {
    use TaskSwitchCause::{Call, Iret, Jump};
    let mut bench = Bench::new();
    let gp = |selector| Fault::Selector(S::GeneralProtection, selector);
    bench.fails_before(OLD_TSS, Call, gp(OLD_TSS));
    bench.fails_before(DATA, Jump, gp(DATA));
    bench.fails_before(0x58, Call, gp(0x58));
    bench.fails_before(NEW_TSS | 4, Call, gp(NEW_TSS | 4));
    bench.fails_before(NEW_TSS, Iret, Fault::Selector(S::InvalidTss, NEW_TSS));
    bench.put(GDT + u64::from(NEW_TSS) + 4, 0x0000_0900);
    bench.fails_before(NEW_TSS, Call, Fault::Selector(S::SegmentNotPresent, NEW_TSS));
    bench.put(GDT + u64::from(NEW_TSS) + 4, 0x0000_8900);
    bench.put(GDT + u64::from(NEW_TSS), 0x3000_0066);
    bench.fails_before(NEW_TSS, Call, Fault::Selector(S::InvalidTss, NEW_TSS));
    bench.fails_before(NEW_TSS, INTERRUPT, Fault::Selector(S::InvalidTss, NEW_TSS | 1));
    bench.put(GDT + u64::from(NEW_TSS), 0x3000_0067);
    bench.vcpu.state.tr.limit = 0x5c;
    bench.fails_before(NEW_TSS, Call, Fault::Selector(S::InvalidTss, OLD_TSS));
}

#[test]
fn pages_of_both_tasks_are_checked_first() {
    let mut bench = Bench::new();
    // Page tables of 4 KiB pages, one to one, without the second half of the old TSS.
    bench.put(0x5000, 0x6003);
    for page in 0..16_u32 {
        bench.put(0x6000 + 4 * u64::from(page), page << 12 | 0x63);
    }
    bench.vcpu.state.cr0 |= CR0_PG;
    bench.vcpu.state.cr3 = 0x5000;
    bench.vcpu.state.tr.base = OLD + 0xfc0;
    bench.put(NEW + 0x1c, 0x5000);
    bench.put(0x6000 + 4 * 3, 0);
    let fault = Fault::PageFault { address: 0x3000, error_code: 2 };
    bench.fails_before(NEW_TSS, TaskSwitchCause::Jump, fault);
    bench.put(0x6000 + 4 * 3, 0x3063);
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Jump), None);
    assert_eq!(bench.vcpu.state.cr3, 0x5000);
}

#[test]
fn faults_of_the_new_task_come_before_its_first_instruction() {
    let cases = [
        (0x4c, 0, Fault::Selector(S::InvalidTss, 0)),
        (0x4c, DATA, Fault::Selector(S::InvalidTss, DATA)),
        (0x4c, CODE | 3, Fault::Selector(S::InvalidTss, CODE)),
        (0x4c, 0x5000, Fault::Selector(S::InvalidTss, 0x5000)),
        (0x4c, SMALL_CODE, Fault::GeneralProtection),
        (0x50, 0, Fault::Selector(S::InvalidTss, 0)),
        (0x50, CODE, Fault::Selector(S::InvalidTss, CODE)),
        (0x50, ABSENT, Fault::Selector(S::StackSegment, ABSENT)),
        (0x50, USER_DATA, Fault::Selector(S::InvalidTss, USER_DATA)),
        (0x54, ABSENT, Fault::Selector(S::SegmentNotPresent, ABSENT)),
        (0x58, OLD_TSS, Fault::Selector(S::InvalidTss, OLD_TSS)),
        (0x5c, DATA | 3, Fault::Selector(S::InvalidTss, DATA)),
        (0x5c, CODE | 4, Fault::Selector(S::InvalidTss, CODE | 4)),
        (0x60, DATA, Fault::Selector(S::InvalidTss, DATA)),
        (0x60, LDT | 4, Fault::Selector(S::InvalidTss, LDT | 4)),
    ];
    for (offset, selector, fault) in cases {
        let mut bench = Bench::new();
        bench.put(NEW + offset, selector.into());
        assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Jump), Some(fault), "{selector:x} at {offset:x}");
        let state = bench.vcpu.state;
        assert_eq!((state.tr.selector, state.rip, state.gprs.rax), (NEW_TSS, 0x8000, 11));
        assert_ne!(state.cs.attributes & SEGMENT_PRESENT, 0, "a CS to deliver the fault from");
        assert_eq!(bench.get(OLD + 0x20), NEXT as u32, "the old task is saved");
    }
    let mut bench = Bench::new();
    bench.put(NEW + 0x54, ABSENT.into());
    let external = Fault::Selector(S::SegmentNotPresent, ABSENT | 1);
    assert_eq!(bench.fault(NEW_TSS, INTERRUPT), Some(external));
}

#[test]
fn a_local_descriptor_table_comes_with_the_task() {
    let mut bench = Bench::new();
    bench.put(NEW + 0x60, LDT.into());
    bench.put(NEW + 0x54, 0xc);
    bench.put(0x4008, 0x1234_ffff);
    bench.put(0x400c, 0x0040_9200);
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Jump), None);
    let state = bench.vcpu.state;
    assert_eq!((state.ldtr.selector, state.ldtr.base, state.ldtr.attributes), (LDT, 0x4000, 0x82));
    assert_eq!(state.ds, Segment { selector: 0xc, attributes: 0x493, limit: 0xffff, base: 0x1234 });
    assert_eq!(bench.get(0x400c), 0x0040_9300, "accessed");
}

#[test]
fn virtual_8086_tasks_have_segments_as_in_real_mode() {
    let mut bench = Bench::new();
    bench.put(NEW + 0x24, 1 << 17 | 0x3202);
    bench.put(NEW + 0x4c, 0x1234);
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Jump), None);
    let state = bench.vcpu.state;
    let cs = Segment { selector: 0x1234, attributes: 0xf3, limit: 0xffff, base: 0x1_2340 };
    assert_eq!((state.cs, privilege(&state.ss)), (cs, 3));
}

#[test]
fn the_trap_flag_of_a_tss_is_a_debug_trap() {
    let mut bench = Bench::new();
    bench.put(NEW + 0x64, 1);
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Call), Some(Fault::TaskSwitchTrap));
    assert_eq!(bench.vcpu.state.rip, 0x8000);
}

#[test]
fn faults_while_an_exception_is_delivered_add_up() {
    for (first, outcome) in [
        (6, Some(Fault::Selector(S::InvalidTss, NEW_TSS | 1))),
        (13, Some(Fault::DoubleFault)),
        (14, Some(Fault::DoubleFault)),
        (8, None),
    ] {
        let mut bench = Bench::new();
        bench.put(GDT + u64::from(NEW_TSS), 0x3000_0066);
        let result = bench.switch(NEW_TSS, EXCEPTION(first, None));
        match outcome {
            Some(fault) => assert_eq!(bench.vcpu.injected, Some(Event::Fault(fault)), "{first}"),
            None => assert_eq!(result, Outcome::Stop(StopReason::TripleFault)),
        }
    }
}

#[test]
fn a_tss_that_is_not_in_ram_stops_the_vm() {
    let mut bench = Bench::new();
    bench.vcpu.state.tr.base = 0xd000_0000;
    let fault = MemoryFault { gpa: Gpa(0xd000_0020), access: Access::Write };
    let stop = Outcome::Stop(StopReason::NotRam(fault));
    assert_eq!(bench.switch(NEW_TSS, TaskSwitchCause::Jump), stop);
}

#[test]
fn pae_paging_loads_its_pointers() {
    let mut bench = Bench::new();
    let state = &mut bench.vcpu.state;
    (state.cr0, state.cr4, state.cr3) = (state.cr0 | CR0_PG, crate::vcpu::CR4_PAE, 0x5000);
    bench.put(0x5000, 0x6001);
    bench.put(0x6000, 0x83);
    bench.put(NEW + 0x1c, 0x5020);
    bench.put(0x5020, 0x6001);
    assert_eq!(bench.fault(NEW_TSS, TaskSwitchCause::Jump), None);
    assert_eq!((bench.vcpu.state.cr3, bench.vcpu.pdptes), (0x5020, Some([0x6001, 0, 0, 0])));
    bench.put(0x5000, 0x6003);
    bench.put(OLD + 0x1c, 0x5000);
    assert_eq!(bench.fault(OLD_TSS, TaskSwitchCause::Jump), Some(Fault::GeneralProtection));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_task_is_too_strange(
        table in proptest::collection::vec(any::<u64>(), 10),
        image in proptest::collection::vec(any::<u8>(), 104),
        selector in any::<u16>(), cr0 in any::<u64>(), tr in any::<u64>(), which in 0..5_u8,
    ) {
        let mut bench = Bench::new();
        for (index, (random, entry)) in table.iter().zip(TABLE).enumerate() {
            let mixed = if random & 1 == 0 { entry } else { *random };
            bench.ram.write(Gpa(GDT + 8 * index as u64), &mixed.to_le_bytes()).unwrap();
        }
        bench.ram.write(Gpa(NEW), &image).unwrap();
        bench.vcpu.state.cr0 ^= cr0 & (CR0_PG | CR0_TS);
        bench.vcpu.state.tr.base ^= tr & 0xf_0000_0000;
        let cause = [
            TaskSwitchCause::Call, TaskSwitchCause::Iret, TaskSwitchCause::Jump, INTERRUPT, EXCEPTION(14, Some(7)),
        ][usize::from(which)];
        bench.switch(if selector & 1 == 0 { NEW_TSS } else { selector & 0x7f }, cause);
    }
}
