//! No VMCB makes the auditor fail.

use super::vmcb::{newer, older};
use crate::svm::audit::{audit, Features, Processor};
use crate::svm::vmcb::Vmcb;
use proptest::collection::vec;
use proptest::prelude::*;
use std::format;
use zerocopy::FromBytes;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn noise_is_audited(
        bytes in vec(any::<u8>(), size_of::<Vmcb>()),
        physical_bits: u8,
        asids: u32,
        cr4: u64,
        efer: u64,
        features: u32,
    ) {
        let vmcb = Vmcb::read_from_bytes(&bytes).expect("as long as a VMCB");
        let noise = Processor {
            physical_bits: physical_bits.into(),
            asids,
            cr4,
            efer,
            features: Features::from_bits_truncate(features),
        };
        for processor in [noise, older(), newer()] {
            audit(&vmcb, &processor, &mut |finding| assert!(!format!("{finding}").is_empty()));
        }
    }
}
