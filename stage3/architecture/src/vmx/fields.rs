//! The fields of the VMCS, typed by width and access (Intel SDM, "Field Encoding in VMCS"). The names are the
//! manual's; a wrong width or a write to a read-only field does not compile.

#![allow(missing_docs, reason = "the fields are the manual's names")]

use core::marker::PhantomData;

/// A field that VMREAD and VMWRITE access.
pub struct Field<W> {
    pub encoding: u64,
    pub name: &'static str,
    width: PhantomData<W>,
}

/// A field that only the processor writes: VM-exit information.
pub struct ReadOnly<W>(Field<W>);

/// Width of a field: 16, 32 or 64 bits, or [`Natural`].
pub trait Width {
    /// What the field holds.
    type Value;
    /// Bits 14:13 of the encoding.
    const CODE: u64;
    /// From the register that VMREAD wrote.
    fn from_register(register: u64) -> Self::Value;
    /// For the register that VMWRITE reads.
    fn to_register(value: Self::Value) -> u64;
}

/// As wide as the processor's registers.
pub enum Natural {}

macro_rules! width {
    ($width:ty, $value:ty, $code:literal) => {
        impl Width for $width {
            type Value = $value;
            const CODE: u64 = $code;
            fn from_register(register: u64) -> $value {
                register as $value
            }
            fn to_register(value: $value) -> u64 {
                u64::from(value)
            }
        }
    };
}
width!(u16, u16, 0);
width!(u64, u64, 1);
width!(u32, u32, 2);
width!(Natural, u64, 3);

/// Bits 11:10 of an encoding that mean VM-exit information.
const EXIT_INFORMATION: u64 = 1;

impl<W: Width> Field<W> {
    const fn with_type(encoding: u64, name: &'static str) -> Self {
        assert!(encoding >> 13 == W::CODE, "the encoding says another width");
        Self { encoding, name, width: PhantomData }
    }

    const fn new(encoding: u64, name: &'static str) -> Self {
        assert!((encoding >> 10) & 3 != EXIT_INFORMATION, "a read-only field");
        Self::with_type(encoding, name)
    }
}

impl<W: Width> ReadOnly<W> {
    const fn new(encoding: u64, name: &'static str) -> Self {
        assert!((encoding >> 10) & 3 == EXIT_INFORMATION, "not a read-only field");
        Self(Field::with_type(encoding, name))
    }
}

/// A field that can be read.
pub trait Readable {
    /// Its width.
    type Width: Width;
    /// The field itself.
    fn field(&self) -> &Field<Self::Width>;
}

impl<W: Width> Readable for Field<W> {
    type Width = W;
    fn field(&self) -> &Field<W> {
        self
    }
}

impl<W: Width> Readable for ReadOnly<W> {
    type Width = W;
    fn field(&self) -> &Field<W> {
        &self.0
    }
}

/// The four fields of a guest segment register.
pub struct SegmentFields {
    pub selector: Field<u16>,
    pub base: Field<Natural>,
    pub limit: Field<u32>,
    pub access_rights: Field<u32>,
}

/// The manual numbers the registers from 0 on.
macro_rules! segments {
    ($($number:literal $name:ident)*) => {
        $(pub const $name: SegmentFields = SegmentFields {
            selector: Field::new(0x0800 + 2 * $number, concat!(stringify!($name), "_SELECTOR")),
            base: Field::new(0x6806 + 2 * $number, concat!(stringify!($name), "_BASE")),
            limit: Field::new(0x4800 + 2 * $number, concat!(stringify!($name), "_LIMIT")),
            access_rights: Field::new(0x4814 + 2 * $number, concat!(stringify!($name), "_ACCESS_RIGHTS")),
        };)*
    };
}

segments! {
    0 GUEST_ES
    1 GUEST_CS
    2 GUEST_SS
    3 GUEST_DS
    4 GUEST_FS
    5 GUEST_GS
    6 GUEST_LDTR
    7 GUEST_TR
}

macro_rules! fields {
    ($($name:ident: $access:ident<$width:ty> = $encoding:literal;)*) => {
        $(pub const $name: $access<$width> = $access::new($encoding, stringify!($name));)*
    };
}

fields! {
    VIRTUAL_PROCESSOR_IDENTIFIER: Field<u16> = 0x0000;
    POSTED_INTERRUPT_NOTIFICATION_VECTOR: Field<u16> = 0x0002;

    GUEST_UINV: Field<u16> = 0x0814;

    HOST_ES_SELECTOR: Field<u16> = 0x0c00;
    HOST_CS_SELECTOR: Field<u16> = 0x0c02;
    HOST_SS_SELECTOR: Field<u16> = 0x0c04;
    HOST_DS_SELECTOR: Field<u16> = 0x0c06;
    HOST_FS_SELECTOR: Field<u16> = 0x0c08;
    HOST_GS_SELECTOR: Field<u16> = 0x0c0a;
    HOST_TR_SELECTOR: Field<u16> = 0x0c0c;

    ADDRESS_OF_IO_BITMAP_A: Field<u64> = 0x2000;
    ADDRESS_OF_IO_BITMAP_B: Field<u64> = 0x2002;
    ADDRESS_OF_MSR_BITMAPS: Field<u64> = 0x2004;
    VM_EXIT_MSR_STORE_ADDRESS: Field<u64> = 0x2006;
    VM_EXIT_MSR_LOAD_ADDRESS: Field<u64> = 0x2008;
    VM_ENTRY_MSR_LOAD_ADDRESS: Field<u64> = 0x200a;
    PML_ADDRESS: Field<u64> = 0x200e;
    TSC_OFFSET: Field<u64> = 0x2010;
    VIRTUAL_APIC_ADDRESS: Field<u64> = 0x2012;
    APIC_ACCESS_ADDRESS: Field<u64> = 0x2014;
    POSTED_INTERRUPT_DESCRIPTOR_ADDRESS: Field<u64> = 0x2016;
    VM_FUNCTION_CONTROLS: Field<u64> = 0x2018;
    EPT_POINTER: Field<u64> = 0x201a;
    EPTP_LIST_ADDRESS: Field<u64> = 0x2024;
    VMREAD_BITMAP_ADDRESS: Field<u64> = 0x2026;
    VMWRITE_BITMAP_ADDRESS: Field<u64> = 0x2028;
    VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS: Field<u64> = 0x202a;
    SUB_PAGE_PERMISSION_TABLE_POINTER: Field<u64> = 0x2030;
    TSC_MULTIPLIER: Field<u64> = 0x2032;
    TERTIARY_PROCESSOR_BASED_CONTROLS: Field<u64> = 0x2034;
    LOW_PASID_DIRECTORY_ADDRESS: Field<u64> = 0x2038;
    HIGH_PASID_DIRECTORY_ADDRESS: Field<u64> = 0x203a;
    SECONDARY_VM_EXIT_CONTROLS: Field<u64> = 0x2044;

    GUEST_PHYSICAL_ADDRESS: ReadOnly<u64> = 0x2400;

    VMCS_LINK_POINTER: Field<u64> = 0x2800;
    GUEST_IA32_DEBUGCTL: Field<u64> = 0x2802;
    GUEST_IA32_PAT: Field<u64> = 0x2804;
    GUEST_IA32_EFER: Field<u64> = 0x2806;
    GUEST_IA32_PERF_GLOBAL_CTRL: Field<u64> = 0x2808;
    GUEST_PDPTE0: Field<u64> = 0x280a;
    GUEST_PDPTE1: Field<u64> = 0x280c;
    GUEST_PDPTE2: Field<u64> = 0x280e;
    GUEST_PDPTE3: Field<u64> = 0x2810;
    GUEST_IA32_BNDCFGS: Field<u64> = 0x2812;
    GUEST_IA32_PKRS: Field<u64> = 0x2818;

    HOST_IA32_PAT: Field<u64> = 0x2c00;
    HOST_IA32_EFER: Field<u64> = 0x2c02;
    HOST_IA32_PERF_GLOBAL_CTRL: Field<u64> = 0x2c04;
    HOST_IA32_PKRS: Field<u64> = 0x2c06;

    PIN_BASED_CONTROLS: Field<u32> = 0x4000;
    PRIMARY_PROCESSOR_BASED_CONTROLS: Field<u32> = 0x4002;
    EXCEPTION_BITMAP: Field<u32> = 0x4004;
    PAGE_FAULT_ERROR_CODE_MASK: Field<u32> = 0x4006;
    PAGE_FAULT_ERROR_CODE_MATCH: Field<u32> = 0x4008;
    CR3_TARGET_COUNT: Field<u32> = 0x400a;
    VM_EXIT_CONTROLS: Field<u32> = 0x400c;
    VM_EXIT_MSR_STORE_COUNT: Field<u32> = 0x400e;
    VM_EXIT_MSR_LOAD_COUNT: Field<u32> = 0x4010;
    VM_ENTRY_CONTROLS: Field<u32> = 0x4012;
    VM_ENTRY_MSR_LOAD_COUNT: Field<u32> = 0x4014;
    VM_ENTRY_INTERRUPTION_INFORMATION: Field<u32> = 0x4016;
    VM_ENTRY_EXCEPTION_ERROR_CODE: Field<u32> = 0x4018;
    VM_ENTRY_INSTRUCTION_LENGTH: Field<u32> = 0x401a;
    TPR_THRESHOLD: Field<u32> = 0x401c;
    SECONDARY_PROCESSOR_BASED_CONTROLS: Field<u32> = 0x401e;

    VM_INSTRUCTION_ERROR: ReadOnly<u32> = 0x4400;
    EXIT_REASON: ReadOnly<u32> = 0x4402;
    VM_EXIT_INTERRUPTION_INFORMATION: ReadOnly<u32> = 0x4404;
    IDT_VECTORING_INFORMATION: ReadOnly<u32> = 0x4408;
    IDT_VECTORING_ERROR_CODE: ReadOnly<u32> = 0x440a;
    VM_EXIT_INSTRUCTION_LENGTH: ReadOnly<u32> = 0x440c;

    GUEST_GDTR_LIMIT: Field<u32> = 0x4810;
    GUEST_IDTR_LIMIT: Field<u32> = 0x4812;
    GUEST_INTERRUPTIBILITY_STATE: Field<u32> = 0x4824;
    GUEST_ACTIVITY_STATE: Field<u32> = 0x4826;
    GUEST_IA32_SYSENTER_CS: Field<u32> = 0x482a;
    VMX_PREEMPTION_TIMER_VALUE: Field<u32> = 0x482e;

    HOST_IA32_SYSENTER_CS: Field<u32> = 0x4c00;

    CR0_GUEST_HOST_MASK: Field<Natural> = 0x6000;
    CR4_GUEST_HOST_MASK: Field<Natural> = 0x6002;
    CR0_READ_SHADOW: Field<Natural> = 0x6004;
    CR4_READ_SHADOW: Field<Natural> = 0x6006;

    EXIT_QUALIFICATION: ReadOnly<Natural> = 0x6400;
    GUEST_LINEAR_ADDRESS: ReadOnly<Natural> = 0x640a;

    GUEST_CR0: Field<Natural> = 0x6800;
    GUEST_CR3: Field<Natural> = 0x6802;
    GUEST_CR4: Field<Natural> = 0x6804;
    GUEST_GDTR_BASE: Field<Natural> = 0x6816;
    GUEST_IDTR_BASE: Field<Natural> = 0x6818;
    GUEST_DR7: Field<Natural> = 0x681a;
    GUEST_RSP: Field<Natural> = 0x681c;
    GUEST_RIP: Field<Natural> = 0x681e;
    GUEST_RFLAGS: Field<Natural> = 0x6820;
    GUEST_PENDING_DEBUG_EXCEPTIONS: Field<Natural> = 0x6822;
    GUEST_IA32_SYSENTER_ESP: Field<Natural> = 0x6824;
    GUEST_IA32_SYSENTER_EIP: Field<Natural> = 0x6826;
    GUEST_IA32_S_CET: Field<Natural> = 0x6828;
    GUEST_SSP: Field<Natural> = 0x682a;
    GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR: Field<Natural> = 0x682c;

    HOST_CR0: Field<Natural> = 0x6c00;
    HOST_CR3: Field<Natural> = 0x6c02;
    HOST_CR4: Field<Natural> = 0x6c04;
    HOST_FS_BASE: Field<Natural> = 0x6c06;
    HOST_GS_BASE: Field<Natural> = 0x6c08;
    HOST_TR_BASE: Field<Natural> = 0x6c0a;
    HOST_GDTR_BASE: Field<Natural> = 0x6c0c;
    HOST_IDTR_BASE: Field<Natural> = 0x6c0e;
    HOST_IA32_SYSENTER_ESP: Field<Natural> = 0x6c10;
    HOST_IA32_SYSENTER_EIP: Field<Natural> = 0x6c12;
    HOST_RSP: Field<Natural> = 0x6c14;
    HOST_RIP: Field<Natural> = 0x6c16;
    HOST_IA32_S_CET: Field<Natural> = 0x6c18;
    HOST_SSP: Field<Natural> = 0x6c1a;
    HOST_IA32_INTERRUPT_SSP_TABLE_ADDR: Field<Natural> = 0x6c1c;
}
