//! Files gone bad.

use super::elf::File;
use super::*;
use proptest::prelude::*;

/// Kernels of every kind.
fn kernels() -> impl Strategy<Value = Vec<u8>> {
    let mut kernels = vec![v1_kernel(), v2_kernel(&[(10, 0, &[0, u32::MAX, 4096, 1]), (1, 0, &[1, 6])])];
    for wide in [false, true] {
        for header in [v1_header(3, &[]), v2_header(&[(6, 0, &[]), (5, 1, &[0; 3])])] {
            let mut file = File::sample(wide, &header);
            file.sections = vec![(0, 0, 0, vec![]), (2, 0, 0, vec![1; 30]), (3, 0, 0, vec![2; 30])];
            kernels.push(file.build());
        }
    }
    prop::sample::select(kernels)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever the file is, loading ends, and what it says it loaded is within RAM and whole.
    #[test]
    fn no_file_does_harm(
        mut kernel in kernels(),
        patches in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        first in prop::collection::vec((0_usize..200, prop::sample::select(vec![0_u8, 1, 2, 0x10, 0x7f, 0x80, 0xff])), 0..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        module in prop::collection::vec(any::<u8>(), 1..10_000),
    ) {
        for (at, byte) in patches {
            let at = at.index(kernel.len());
            kernel[at] = byte;
        }
        for (at, byte) in first {
            kernel[at] = byte;
        }
        if let Some(cut) = cut {
            kernel.truncate(cut.index(kernel.len()));
        }
        let ram = ram(4);
        let modules = [Module { bytes: &module, args: "m" }];
        let guest = Guest { kernel: &kernel, cmdline: "quiet", modules: &modules };
        let Ok(state) = load(&guest, &acpi(), &ram) else { return Ok(()) };
        prop_assert!(state.rip < 4 * MIB);
        // Nothing lies upon the ACPI tables, the module or the boot information.
        prop_assert_eq!(ram.peek(acpi().start.0, acpi().bytes.len()), acpi().bytes);
        let info = state.gprs.rbx;
        if state.gprs.rax == u64::from(crate::boot::multiboot::v1::LOADED) {
            let list = u64::from(word(&ram, info + 24));
            prop_assert_eq!(ram.peek(word(&ram, list).into(), module.len()), module);
            prop_assert_eq!(text(&ram, word(&ram, info + 16).into()), "quiet");
        } else {
            prop_assert_eq!(text(&ram, info + 16), "quiet");
        }
    }

    #[test]
    fn noise_is_no_kernel(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(Header::find(&bytes).is_err());
    }

    /// Behind a header that is good, anything.
    #[test]
    fn noise_behind_a_header_does_no_harm(
        wide in any::<bool>(),
        tags in prop::collection::vec(any::<u8>(), 0..200),
        noise in prop::collection::vec(any::<u8>(), 48..300),
    ) {
        const MAGIC: u32 = 0xe852_50d6;
        let length = 16 + tags.len() as u32;
        let header = words(&[MAGIC, 0, length, 0_u32.wrapping_sub(MAGIC).wrapping_sub(length)]);
        let ident = [0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let kind = [2, 0, if wide { 62 } else { 3 }, 0, 1, 0, 0, 0];
        let mut file = [&ident[..], &kind, &noise].concat();
        file.resize(file.len().next_multiple_of(8), 0);
        file.extend([header, tags].concat());
        let _ = load_alone(&file);
    }
}
