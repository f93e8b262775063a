//! The chip's registers, interrupts and loopback, by the datasheet's chapters.

use super::*;
use proptest::prelude::*;

/// DLAB, 8 bits, no parity, 1 stop bit.
const SET_DIVISOR: u8 = lcr::DLAB | 0b11;
/// 8 bits, no parity, 1 stop bit.
const FORMAT_8N1: u8 = 0b11;
const T0: Instant = Instant(0);
/// FIFOs on, trigger level 14.
const FIFO_14: u8 = 0b1100_0001;
/// A character at 115,200 baud: 10 bits.
const CHARACTER: u64 = 10 * SECOND / BASE_BAUD;

/// A chip at 115,200 8N1 with these interrupts enabled and OUT2 set.
fn uart(enabled: u8) -> Uart {
    let mut uart = Uart::new();
    for (register, value) in
        [(offset::LCR, SET_DIVISOR), (offset::DATA, 1), (offset::IER, 0), (offset::LCR, FORMAT_8N1)]
    {
        uart.write(T0, register, value);
    }
    uart.write(T0, offset::MCR, mcr::OUT2);
    uart.write(T0, offset::IER, enabled);
    uart
}

fn iir(uart: &mut Uart) -> u8 {
    uart.read(T0, offset::IIR_FCR) & !iir::FIFO
}

#[test]
fn bytes_leave_at_once_and_the_transmitter_is_always_empty() {
    let mut uart = uart(0);
    for byte in [b'p', 0, 0xff] {
        assert_eq!(uart.write(T0, offset::DATA, byte), Some(byte));
        assert_eq!(uart.read(T0, offset::LSR), lsr::THRE | lsr::TEMT);
    }
    assert!(!uart.irq(T0));
}

#[test]
fn dlab_switches_to_the_divisor() {
    let mut uart = uart(ier::LINE);
    uart.write(T0, offset::LCR, SET_DIVISOR);
    assert_eq!(uart.write(T0, offset::DATA, 0x34), None);
    uart.write(T0, offset::IER, 0x12);
    assert_eq!((uart.read(T0, offset::DATA), uart.read(T0, offset::IER)), (0x34, 0x12));
    uart.write(T0, offset::LCR, FORMAT_8N1);
    assert_eq!((uart.read(T0, offset::IER), uart.divisor), (ier::LINE, 0x1234));
}

#[test]
fn registers_keep_the_bits_that_exist() {
    let mut uart = Uart::new();
    for (register, bits) in [(offset::LCR, 0x7f), (offset::IER, 0x0f), (offset::MCR, 0x1f), (7, 0xff)] {
        uart.write(T0, register, bits);
        assert_eq!(uart.read(T0, register), bits);
        uart.write(T0, register, 0xff);
        assert_eq!(uart.read(T0, register) & !lcr::DLAB, bits & !lcr::DLAB);
        uart.write(T0, register, 0);
    }
}

#[test]
fn enabling_the_transmitter_interrupt_raises_it_and_reading_iir_ends_it() {
    let mut uart = uart(ier::THRE);
    assert!(uart.irq(T0));
    assert_eq!((iir(&mut uart), iir(&mut uart)), (0b0010, 0b0001));
    assert!(!uart.irq(T0));
    uart.write(T0, offset::IER, ier::THRE);
    assert!(!uart.irq(T0), "it was enabled already");
    uart.write(T0, offset::DATA, b'x');
    assert!(uart.irq(T0));
    uart.write(T0, offset::IER, 0);
    assert!(!uart.irq(T0));
    uart.write(T0, offset::IER, ier::THRE);
    assert!(uart.irq(T0));
}

#[test]
fn a_byte_written_into_a_pending_interrupt_makes_a_new_edge() {
    let mut uart = uart(ier::THRE);
    assert!(!uart.take_drop());
    uart.write(T0, offset::DATA, b'x');
    assert!(uart.take_drop() && uart.irq(T0));
    assert!(!uart.take_drop());
}

#[test]
fn iir_leaves_the_transmitter_interrupt_alone_while_it_tells_another() {
    let mut uart = uart(ier::THRE | ier::RECEIVED);
    uart.receive(T0, b'a');
    assert_eq!((iir(&mut uart), iir(&mut uart)), (0b0100, 0b0100));
    assert_eq!(uart.read(T0, offset::DATA), b'a');
    assert_eq!((iir(&mut uart), iir(&mut uart)), (0b0010, 0b0001));
}

proptest! {
    #[test]
    fn iir_tells_the_enabled_source_with_the_highest_priority(
        enabled in 0_u8..16, overrun: bool, received: bool, sent: bool, modem: bool,
    ) {
        let mut uart = uart(0);
        uart.receive(T0, 1);
        if overrun {
            uart.receive(T0, 2);
        }
        if !received {
            uart.read(T0, offset::DATA);
        }
        if modem {
            uart.write(T0, offset::MCR, mcr::OUT2 | mcr::LOOP);
            uart.write(T0, offset::MCR, mcr::OUT2);
        }
        uart.write(T0, offset::IER, enabled);
        if !sent {
            let all = [offset::IIR_FCR; 4];
            // Only told when nothing else is; so clear it behind the back of the others.
            let others = enabled & ier::THRE;
            uart.write(T0, offset::IER, others);
            for register in all {
                uart.read(T0, register);
            }
            uart.write(T0, offset::IER, enabled);
        }
        let expected = [
            (ier::LINE, overrun, 0b0110),
            (ier::RECEIVED, received, 0b0100),
            (ier::THRE, sent, 0b0010),
            (ier::MODEM, modem, 0b0000),
        ];
        let expected = expected.into_iter().find(|(bit, active, _)| enabled & bit != 0 && *active);
        prop_assert_eq!(uart.irq(T0), expected.is_some());
        prop_assert_eq!(iir(&mut uart), expected.map_or(0b0001, |(_, _, code)| code));
    }

    #[test]
    fn the_fifo_is_a_queue_of_sixteen(steps in prop::collection::vec(any::<Option<u8>>(), 1..200)) {
        let mut uart = uart(0);
        uart.write(T0, offset::IIR_FCR, FIFO_14);
        let mut queue = std::collections::VecDeque::new();
        for step in steps {
            if let Some(byte) = step {
                prop_assert_eq!(uart.ready(), queue.len() < 16);
                uart.receive(T0, byte);
                let lost = queue.len() == 16;
                if !lost {
                    queue.push_back(byte);
                }
                prop_assert_eq!(uart.read(T0, offset::LSR) & lsr::OVERRUN != 0, lost);
            } else if let Some(byte) = queue.pop_front() {
                prop_assert_eq!(uart.read(T0, offset::DATA), byte);
            }
            prop_assert_eq!(uart.read(T0, offset::LSR) & lsr::READY != 0, !queue.is_empty());
        }
    }
}

#[test]
fn the_trigger_level_decides_and_the_time_out_announces_the_rest() {
    for (field, level) in [(0, 1), (1, 4), (2, 8), (3, 14)] {
        let mut uart = uart(ier::RECEIVED);
        uart.write(T0, offset::IIR_FCR, field << 6 | 1);
        for count in 1..=level {
            assert!(!uart.irq(T0));
            uart.receive(T0, count);
        }
        assert!(uart.irq(T0));
        assert_eq!(uart.read(T0, offset::IIR_FCR), iir::FIFO | 0b0100);
        assert_eq!(uart.next_deadline(T0), None);
        uart.read(T0, offset::DATA);
        if level > 1 {
            let due = T0 + 4 * CHARACTER;
            assert_eq!(uart.next_deadline(T0), Some(due));
            assert!(!uart.irq(Instant(due.0 - 1)) && uart.irq(due));
            assert_eq!(uart.read(due, offset::IIR_FCR), iir::FIFO | 0b1100);
            uart.read(due, offset::DATA);
            assert!(!uart.irq(due), "reading a character starts the time anew");
            uart.receive(due + 100, 1);
            assert_eq!(uart.next_deadline(due + 100), Some(due + 100 + 4 * CHARACTER));
            uart.write(T0, offset::IER, 0);
            assert_eq!(uart.next_deadline(due), None);
        }
    }
}

#[test]
fn the_time_out_follows_the_line_format() {
    let mut uart = uart(0);
    assert_eq!(uart.character_nanos(), CHARACTER);
    uart.divisor = 12;
    uart.write(T0, offset::LCR, 0b0000_1110);
    assert_eq!(uart.character_nanos(), 11 * SECOND / 9600, "7 bits, parity, 2 stop bits");
}

#[test]
fn without_fifo_a_second_byte_overwrites_the_first() {
    let mut uart = uart(ier::LINE);
    uart.receive(T0, 1);
    assert!(!uart.ready() && !uart.irq(T0));
    uart.receive(T0, 2);
    assert_eq!(iir(&mut uart), 0b0110);
    let status = lsr::THRE | lsr::TEMT | lsr::READY;
    assert_eq!(uart.read(T0, offset::LSR), status | lsr::OVERRUN);
    assert_eq!(uart.read(T0, offset::LSR), status);
    assert!(!uart.irq(T0));
    assert_eq!(uart.read(T0, offset::DATA), 2);
}

#[test]
fn fifo_control_needs_the_enable_bit_and_clears() {
    let mut uart = uart(0);
    uart.write(T0, offset::IIR_FCR, FIFO_14);
    uart.receive(T0, 1);
    uart.write(T0, offset::IIR_FCR, FIFO_14);
    assert_eq!(uart.fifo.len(), 1);
    uart.write(T0, offset::IIR_FCR, FIFO_14 | fcr::CLEAR_RECEIVER);
    assert_eq!(uart.fifo.len(), 0);
    uart.receive(T0, 1);
    uart.write(T0, offset::IIR_FCR, 0);
    assert_eq!((uart.fifo.len(), uart.read(T0, offset::IIR_FCR)), (0, iir::NONE));
    uart.write(T0, offset::IIR_FCR, 0b0100_0000);
    assert_eq!(uart.trigger, 14, "without the enable bit the trigger stays");
}

#[test]
fn out2_gates_the_interrupt_line() {
    let mut uart = uart(ier::THRE);
    uart.write(T0, offset::MCR, 0);
    assert!(!uart.irq(T0));
    uart.write(T0, offset::MCR, mcr::OUT2 | mcr::LOOP);
    assert!(!uart.irq(T0), "loopback holds the outputs inactive");
    uart.write(T0, offset::MCR, mcr::OUT2);
    assert!(uart.irq(T0));
}

#[test]
fn loopback_connects_outputs_to_inputs() {
    let mut uart = uart(0);
    assert_eq!(uart.read(T0, offset::MSR), msr::CTS | msr::DSR | msr::DCD);
    for (output, input) in
        [(mcr::RTS, msr::CTS), (mcr::DTR, msr::DSR), (mcr::OUT1, msr::RI), (mcr::OUT2, msr::DCD)]
    {
        uart.write(T0, offset::MCR, mcr::LOOP);
        uart.read(T0, offset::MSR);
        uart.write(T0, offset::MCR, mcr::LOOP | output);
        let change = if input == msr::RI { 0 } else { input >> 4 };
        assert_eq!(uart.read(T0, offset::MSR), input | change);
        assert_eq!(uart.read(T0, offset::MSR), input);
        uart.write(T0, offset::MCR, mcr::LOOP);
        assert_eq!(uart.read(T0, offset::MSR), input >> 4, "and back, for RI the trailing edge");
    }
}

#[test]
fn loopback_returns_data_and_breaks_and_hears_nothing_else() {
    let mut uart = uart(0);
    uart.write(T0, offset::IIR_FCR, FIFO_14);
    uart.write(T0, offset::MCR, mcr::LOOP);
    assert!(!uart.ready());
    uart.receive(T0, 1);
    assert_eq!(uart.write(T0, offset::DATA, 0xa5), None);
    uart.write(T0, offset::LCR, FORMAT_8N1 | lcr::BREAK);
    uart.write(T0, offset::LCR, 0);
    assert_eq!(uart.write(T0, offset::DATA, 0xff), None);
    let idle = lsr::THRE | lsr::TEMT | lsr::READY;
    assert_eq!(uart.read(T0, offset::LSR), idle | lsr::FIFO_ERROR, "the break is further back");
    assert_eq!(uart.read(T0, offset::DATA), 0xa5);
    assert_eq!(uart.read(T0, offset::LSR), idle | lsr::BREAK | lsr::FRAMING | lsr::FIFO_ERROR);
    assert_eq!(uart.read(T0, offset::LSR), idle);
    assert_eq!((uart.read(T0, offset::DATA), uart.read(T0, offset::DATA)), (0, 0x1f));
    assert_eq!(uart.read(T0, offset::LSR), lsr::THRE | lsr::TEMT);
}

#[test]
fn linux_measures_a_fifo_of_sixteen() {
    let mut uart = uart(0);
    uart.write(T0, offset::IIR_FCR, 0b111);
    uart.write(T0, offset::MCR, mcr::LOOP);
    for byte in 0..=255 {
        uart.write(T0, offset::DATA, byte);
    }
    let mut count = 0;
    while uart.read(T0, offset::LSR) & lsr::READY != 0 {
        assert_eq!(uart.read(T0, offset::DATA), count);
        count += 1;
    }
    assert_eq!(count, 16);
}
