//! The keyboard: an enhanced keyboard with 101 or 102 keys (IBM PS/2 Hardware Interface Technical Reference,
//! "Keyboards (101- and 102-Key)").
//!
//! Keys repeat as on the keyboard that somebody presses them on: a key that repeats goes down again.

use super::breaks::Breaks;
use super::key::Key;
use super::queue::Queue;
use super::scan_codes::{sequence, Modifiers, Set};

/// The command was received.
const ACKNOWLEDGE: u8 = 0xfa;
/// The command is not known: send it again.
const RESEND: u8 = 0xfe;
/// The basic assurance test was passed.
const TEST_PASSED: u8 = 0xaa;
/// Identification.
const ID: [u8; 2] = [0xab, 0x83];

/// Indicators on or off: Scroll, Num and Caps Lock. All option bytes are below it; this and what is above it
/// is a command, also where an option is expected.
const SET_INDICATORS: u8 = 0xed;
/// Echo.
const ECHO: u8 = 0xee;
/// Selects or reads the scan code set.
const SCAN_CODE_SET: u8 = 0xf0;
/// Identification.
const READ_ID: u8 = 0xf2;
/// Repeat rate and delay.
const SET_RATE: u8 = 0xf3;
/// Starts scanning.
const ENABLE: u8 = 0xf4;
/// Default settings, no scanning.
const DEFAULT_DISABLE: u8 = 0xf5;
/// Default settings.
const SET_DEFAULT: u8 = 0xf6;
/// All keys repeat and have no break codes in scan code set 3.
const ALL_REPEAT: u8 = 0xf7;
/// All keys have break codes in scan code set 3.
const ALL_BREAK: u8 = 0xf8;
/// All keys have no break codes in scan code set 3.
const ALL_MAKE: u8 = 0xf9;
/// All keys repeat and have break codes in scan code set 3.
const ALL_REPEAT_BREAK: u8 = 0xfa;
/// The same as [`ALL_REPEAT`] for the keys whose codes follow.
const KEY_REPEAT: u8 = 0xfb;
/// The same as [`ALL_BREAK`] for the keys whose codes follow.
const KEY_BREAK: u8 = 0xfc;
/// The same as [`ALL_MAKE`] for the keys whose codes follow.
const KEY_MAKE: u8 = 0xfd;
/// Sends the last byte again.
const SEND_AGAIN: u8 = 0xfe;
/// Resets and tests.
const RESET: u8 = 0xff;

/// Default repeat rate and delay: 10.9 a second after 500 ms.
const DEFAULT_RATE: u8 = 0x2b;
/// Bits of repeat rate and delay.
const RATE: u8 = 0x7f;
/// Bits of the indicators.
const INDICATORS: u8 = 0b111;
/// Indicators: Num Lock.
const NUM_LOCK: u8 = 1 << 1;
/// Stands for lost codes in set 1.
const OVERRUN_SET_1: u8 = 0xff;
/// Stands for lost codes in sets 2 and 3.
const OVERRUN: u8 = 0;

/// The answer to the last command. It goes before scan codes and takes no place from them.
#[derive(Clone, Copy, Debug)]
struct Answer {
    bytes: [u8; 3],
    len: u8,
}

impl Answer {
    const NONE: Self = Self { bytes: [0; 3], len: 0 };

    fn pop(&mut self) -> Option<u8> {
        self.len = self.len.checked_sub(1)?;
        let first = self.bytes[0];
        self.bytes.rotate_left(1);
        Some(first)
    }
}

/// The keyboard.
#[derive(Clone, Debug)]
pub(super) struct Keyboard {
    answer: Answer,
    queue: Queue,
    last_sent: u8,
    /// Command whose option byte is to come.
    option_of: Option<u8>,
    scanning: bool,
    indicators: u8,
    rate: u8,
    set: Set,
    breaks: Breaks,
    modifiers: Modifiers,
}

impl Keyboard {
    pub(super) const fn new() -> Self {
        Self {
            answer: Answer::NONE,
            queue: Queue::EMPTY,
            last_sent: 0,
            option_of: None,
            scanning: true,
            indicators: 0,
            rate: DEFAULT_RATE,
            set: Set::Two,
            breaks: Breaks::new(),
            modifiers: Modifiers::NONE,
        }
    }

    /// Somebody presses a key or lets it go.
    pub(super) fn key(&mut self, key: Key, down: bool) {
        self.modifiers.note(key, down);
        if !self.scanning || (self.set == Set::Three && !down && !self.breaks.has(key.set_3())) {
            return;
        }
        let codes = sequence(key, down, self.set, self.modifiers, self.indicators & NUM_LOCK != 0);
        let overrun = if self.set == Set::One { OVERRUN_SET_1 } else { OVERRUN };
        self.queue.push(codes.as_slice(), overrun);
    }

    /// The option byte of the last command to set the indicators.
    pub(super) const fn indicators(&self) -> u8 {
        self.indicators
    }

    /// The option byte of the last command to set the repeat rate.
    pub(super) const fn rate(&self) -> u8 {
        self.rate
    }

    /// Whether it has nothing to send.
    pub(super) const fn is_idle(&self) -> bool {
        self.answer.len == 0 && self.queue.is_empty()
    }

    /// The next byte for the controller.
    pub(super) fn read(&mut self) -> Option<u8> {
        self.last_sent = self.answer.pop().or_else(|| self.queue.pop())?;
        Some(self.last_sent)
    }

    /// A byte from the controller.
    pub(super) fn write(&mut self, byte: u8) {
        match self.option_of.take() {
            Some(command) if byte < SET_INDICATORS => self.option(command, byte),
            _ => self.command(byte),
        }
    }

    fn command(&mut self, command: u8) {
        match command {
            SET_INDICATORS | SCAN_CODE_SET | SET_RATE => self.option_of = Some(command),
            ECHO => return self.send([ECHO]),
            READ_ID => return self.send([ACKNOWLEDGE, ID[0], ID[1]]),
            SEND_AGAIN => return self.send([self.last_sent]),
            RESET => {
                let (last_sent, modifiers) = (self.last_sent, self.modifiers);
                *self = Self { last_sent, modifiers, ..Self::new() };
                return self.send([ACKNOWLEDGE, TEST_PASSED]);
            }
            ENABLE..=KEY_MAKE => self.clearing_command(command),
            _ => return self.send([RESEND]),
        }
        self.send([ACKNOWLEDGE]);
    }

    /// Commands that empty the buffer too.
    fn clearing_command(&mut self, command: u8) {
        self.queue = Queue::EMPTY;
        match command {
            ENABLE => self.scanning = true,
            DEFAULT_DISABLE | SET_DEFAULT => {
                (self.rate, self.set, self.breaks) = (DEFAULT_RATE, Set::Two, Breaks::new());
                self.scanning = command == SET_DEFAULT;
            }
            ALL_REPEAT | ALL_MAKE => self.breaks = Breaks::NONE,
            ALL_BREAK | ALL_REPEAT_BREAK => self.breaks = Breaks::ALL,
            _ => self.option_of = Some(command),
        }
    }

    fn option(&mut self, command: u8, option: u8) {
        match command {
            SET_INDICATORS => self.indicators = option & INDICATORS,
            SET_RATE => self.rate = option & RATE,
            SCAN_CODE_SET if option == 0 => return self.send([ACKNOWLEDGE, self.set.number()]),
            SCAN_CODE_SET => {
                let Some(set) = Set::numbered(option) else { return self.send([RESEND]) };
                self.set = set;
                self.queue = Queue::EMPTY;
            }
            // Any number of keys may follow.
            KEY_REPEAT..=KEY_MAKE => {
                self.breaks.set(option, command == KEY_BREAK);
                self.option_of = Some(command);
            }
            _ => {}
        }
        self.send([ACKNOWLEDGE]);
    }

    fn send<const N: usize>(&mut self, answer: [u8; N]) {
        let mut bytes = [0; 3];
        bytes[..N].copy_from_slice(&answer);
        self.answer = Answer { bytes, len: N as u8 };
    }
}
