//! Random guests.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Write(u16, u8),
    Control(u8),
    Read(u16),
    Data(u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let codes =
        prop::sample::select(vec![0x20_u8, 0x24, 0x29, 0x30, 0x34, 0xc4, 0xc5, 0xc6, 0xec, 0x91, 0x42, 0x90]);
    let step = prop_oneof![
        8 => (0_u16..9, any::<u8>()).prop_map(|(register, value)| Step::Write(register, value)),
        3 => codes.prop_map(|code| Step::Write(COMMAND, code)),
        1 => prop_oneof![Just(0_u8), any::<u8>()].prop_map(Step::Control),
        3 => (0_u16..9).prop_map(Step::Read),
        4 => (1_u16..600, any::<u16>()).prop_map(|(count, word)| Step::Data(count, word)),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    /// Nothing that a guest does panics, and status and interrupt always fit together.
    #[test]
    fn nothing_confuses_a_drive(steps in steps(), two: bool) {
        let mut channel = Channel::new([Some(disk(40)), two.then(|| disk(7))]);
        for step in steps {
            match step {
                Step::Write(register, value) => channel.write(register, value),
                Step::Control(value) => channel.write_control(value),
                Step::Read(register) => {
                    channel.read(register);
                }
                Step::Data(count, word) => {
                    for _ in 0..count {
                        channel.write_data(word);
                        channel.read_data();
                    }
                    for medium in channel.drives_mut().map(Drive::medium_mut) {
                        while medium.wants_memory() {
                            medium.give(vec![0; CHUNK].into());
                        }
                    }
                }
            }
            let status = channel.status();
            let known = [0, IDLE, DATA, FAILED, 0x80].contains(&status);
            prop_assert!(known, "{}", format!("{status:x}"));
            prop_assert!(!channel.irq() || status & 0x80 == 0);
        }
    }
}
