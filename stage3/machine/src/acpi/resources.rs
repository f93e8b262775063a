//! Resource descriptors of ISA devices.

use acpi_tables::aml::{Name, ResourceTemplate, IO};
use acpi_tables::{Aml, AmlSink};
use alloc::vec::Vec;

/// IRQ descriptor without flags: lines of the ISA bus, active high and by edge (ACPI 6.5, "IRQ
/// Descriptor"; ASL: IRQNoFlags).
struct IrqNoFlags(u8);

impl IrqNoFlags {
    /// Small resource type 4 with 2 bytes.
    const TAG: u8 = 0x22;
}

impl Aml for IrqNoFlags {
    fn to_aml_bytes(&self, sink: &mut dyn AmlSink) {
        sink.byte(Self::TAG);
        sink.word(1 << self.0);
    }
}

/// A range of ports: the first, and how many.
pub type Ports = (u16, u8);

/// _CRS of a device with these ports and perhaps an interrupt line.
pub fn current(ports: &[Ports], irq: Option<u8>) -> Name {
    let ports: Vec<_> = ports.iter().map(|(first, length)| IO::new(*first, *first, 1, *length)).collect();
    let irq = irq.map(IrqNoFlags);
    let mut resources: Vec<&dyn Aml> = ports.iter().map(|range| range as &dyn Aml).collect();
    resources.extend(irq.as_ref().map(|irq| irq as &dyn Aml));
    Name::new("_CRS".into(), &ResourceTemplate::new(resources))
}
