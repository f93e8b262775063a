//! A board with firmware.

use super::*;

static ROM: [u8; 8] = *b"firmware";

fn pc_with_rom() -> Pc {
    let mut pc = test_pc(64 << 20);
    let files = vec![File::of("etc/x", [7])];
    pc.install(Firmware { rom: &ROM, files });
    pc
}

#[test]
fn its_code_can_be_read_below_4_gib_and_not_written() {
    let mut pc = pc_with_rom();
    let mut read = |gpa, size| pc.read_mmio(T0, Gpa(gpa), size);
    assert_eq!(read(0xffff_fff8, OperandSize::Qword), Some(u64::from_le_bytes(ROM)));
    assert_eq!(read(0xffff_fffc, OperandSize::Dword), Some(u64::from(u32::from_le_bytes(*b"ware"))));
    assert_eq!(read(0xffff_fffe, OperandSize::Word), Some(u64::from(u16::from_le_bytes(*b"re"))));
    assert_eq!(read(0xffff_ffff, OperandSize::Byte), Some(b'e'.into()));
    assert_eq!(read(0xffff_fff7, OperandSize::Byte), None);
    assert_eq!(pc.write_mmio(T0, Gpa(0xffff_fff8), OperandSize::Byte, 0), Some(Effects::default()));
    assert_eq!(pc.read_mmio(T0, Gpa(0xffff_fff8), OperandSize::Byte), Some(b'f'.into()));
    assert_eq!(test_pc(64 << 20).read_mmio(T0, Gpa(0xffff_fff8), OperandSize::Byte), None);
}

#[test]
fn its_files_are_in_the_firmware_configuration() {
    let mut pc = pc_with_rom();
    pc.write_port(T0, 0x510, Size::Word, 0x21);
    assert_eq!(inb(&mut pc, T0, 0x511), 7);
    pc.write_port(T0, 0x510, Size::Word, 0x19);
    let count: Vec<u32> = (0..4).map(|_| inb(&mut pc, T0, 0x511)).collect();
    assert_eq!(count, [0, 0, 0, 2]);
}

#[test]
fn a_program_goes_on_after_a_reset_of_the_cpu_if_it_says_so() {
    let mut pc = pc_with_rom();
    let mut without = test_pc(64 << 20);
    for (status, expected) in [(0, false), (0x0a, true)] {
        for pc in [&mut pc, &mut without] {
            out(pc, T0, 0x70, 0x0f);
            out(pc, T0, 0x71, status);
        }
        for reset in [ResetSource::KeyboardController, ResetSource::FastReset, ResetSource::Init] {
            assert_eq!(pc.goes_on_after(reset), expected, "{reset}");
            assert!(!without.goes_on_after(reset), "no firmware looks at it");
        }
        assert!(!pc.goes_on_after(ResetSource::ResetControl), "all of the PC");
    }
}
