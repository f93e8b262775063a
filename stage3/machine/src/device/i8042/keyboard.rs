//! The keyboard: an enhanced keyboard with 101 or 102 keys (IBM PS/2 Hardware Interface Technical Reference,
//! "Keyboards (101- and 102-Key)"). It answers commands; nobody presses a key yet.

/// Bytes that the keyboard keeps until the controller takes them.
const CAPACITY: u8 = 16;
/// The command was received.
const ACKNOWLEDGE: u8 = 0xfa;
/// The command is not known: send it again.
const RESEND: u8 = 0xfe;
/// The basic assurance test was passed.
const TEST_PASSED: u8 = 0xaa;
/// Identification.
const ID: [u8; 2] = [0xab, 0x83];
/// Option bytes have this bit clear. A byte that has it set is a command, also where an option is expected.
const COMMAND: u8 = 1 << 7;

/// Indicators on or off: Scroll, Num and Caps Lock.
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
/// Modes of all keys in scan code set 3: F7h to FAh.
const ALL_KEYS: core::ops::RangeInclusive<u8> = 0xf7..=0xfa;
/// Modes of single keys in scan code set 3, whose scan codes follow: FBh to FDh.
const SINGLE_KEYS: core::ops::RangeInclusive<u8> = 0xfb..=0xfd;
/// Sends the last byte again.
const SEND_AGAIN: u8 = 0xfe;
/// Resets and tests.
const RESET: u8 = 0xff;

/// Default repeat rate and delay: 10.9 a second after 500 ms.
const DEFAULT_RATE: u8 = 0x2b;
/// Default scan code set.
const DEFAULT_SET: u8 = 2;
/// Scan code sets.
const SETS: core::ops::RangeInclusive<u8> = 1..=3;

/// The keyboard.
#[derive(Clone, Debug)]
pub(super) struct Keyboard {
    queue: [u8; CAPACITY as usize],
    first: u8,
    len: u8,
    last_sent: u8,
    /// Command whose option byte is to come.
    option_of: Option<u8>,
    scanning: bool,
    indicators: u8,
    rate: u8,
    scan_code_set: u8,
}

impl Keyboard {
    pub(super) const fn new() -> Self {
        Self {
            queue: [0; CAPACITY as usize],
            first: 0,
            len: 0,
            last_sent: 0,
            option_of: None,
            scanning: true,
            indicators: 0,
            rate: DEFAULT_RATE,
            scan_code_set: DEFAULT_SET,
        }
    }

    /// The next byte for the controller.
    pub(super) fn read(&mut self) -> Option<u8> {
        if self.len == 0 {
            return None;
        }
        self.last_sent = self.queue[usize::from(self.first)];
        self.first = (self.first + 1) % CAPACITY;
        self.len -= 1;
        Some(self.last_sent)
    }

    /// A byte from the controller.
    pub(super) fn write(&mut self, byte: u8) {
        match self.option_of.take() {
            Some(command) if byte & COMMAND == 0 => self.option(command, byte),
            _ => self.command(byte),
        }
    }

    fn command(&mut self, command: u8) {
        match command {
            SET_INDICATORS | SCAN_CODE_SET | SET_RATE => self.expect_option(command),
            ECHO => self.send(ECHO),
            READ_ID => self.send_all(&[ACKNOWLEDGE, ID[0], ID[1]]),
            ENABLE | DEFAULT_DISABLE | SET_DEFAULT => {
                self.len = 0;
                if command != ENABLE {
                    self.set_defaults();
                }
                self.scanning = command != DEFAULT_DISABLE;
                self.send(ACKNOWLEDGE);
            }
            SEND_AGAIN => self.send(self.last_sent),
            RESET => {
                *self = Self { last_sent: self.last_sent, ..Self::new() };
                self.send_all(&[ACKNOWLEDGE, TEST_PASSED]);
            }
            command if ALL_KEYS.contains(&command) => self.send(ACKNOWLEDGE),
            command if SINGLE_KEYS.contains(&command) => self.expect_option(command),
            _ => self.send(RESEND),
        }
    }

    fn expect_option(&mut self, command: u8) {
        self.option_of = Some(command);
        self.send(ACKNOWLEDGE);
    }

    fn option(&mut self, command: u8, option: u8) {
        match command {
            SET_INDICATORS => self.indicators = option,
            SET_RATE => self.rate = option,
            SCAN_CODE_SET if option == 0 => {
                self.send_all(&[ACKNOWLEDGE, self.scan_code_set]);
                return;
            }
            SCAN_CODE_SET if SETS.contains(&option) => self.scan_code_set = option,
            SCAN_CODE_SET => {
                self.send(RESEND);
                return;
            }
            // Any number of keys may follow.
            _ => self.option_of = Some(command),
        }
        self.send(ACKNOWLEDGE);
    }

    fn set_defaults(&mut self) {
        self.rate = DEFAULT_RATE;
        self.scan_code_set = DEFAULT_SET;
    }

    fn send_all(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.send(*byte);
        }
    }

    /// Queues a byte; it is lost if the queue is full.
    fn send(&mut self, byte: u8) {
        if self.len < CAPACITY {
            self.queue[usize::from((self.first + self.len) % CAPACITY)] = byte;
            self.len += 1;
        }
    }
}
