//! Names of the registers and their bits, and what firmware leaves in them.

/// Ports, as on a colour display.
pub mod port {
    /// Attribute controller: index, then data.
    pub const ATTRIBUTE: u16 = 0x3c0;
    /// Attribute controller: data, to be read.
    pub const ATTRIBUTE_DATA: u16 = 0x3c1;
    /// Input status 0; miscellaneous output, when written.
    pub const STATUS_0: u16 = 0x3c2;
    /// Video subsystem enable.
    pub const ENABLE: u16 = 0x3c3;
    /// Sequencer: index.
    pub const SEQUENCER: u16 = 0x3c4;
    /// Sequencer: data.
    pub const SEQUENCER_DATA: u16 = 0x3c5;
    /// Palette: mask of pixels.
    pub const DAC_MASK: u16 = 0x3c6;
    /// Palette: state; when written, the index to read from.
    pub const DAC_STATE: u16 = 0x3c7;
    /// Palette: the index to write to.
    pub const DAC_INDEX: u16 = 0x3c8;
    /// Palette: red, green and blue in turn.
    pub const DAC_DATA: u16 = 0x3c9;
    /// Feature control, to be read.
    pub const FEATURE: u16 = 0x3ca;
    /// Miscellaneous output, to be read.
    pub const MISC: u16 = 0x3cc;
    /// Graphics controller: index.
    pub const GRAPHICS: u16 = 0x3ce;
    /// Graphics controller: data.
    pub const GRAPHICS_DATA: u16 = 0x3cf;
    /// CRT controller: index.
    pub const CRTC: u16 = 0x3d4;
    /// CRT controller: data.
    pub const CRTC_DATA: u16 = 0x3d5;
    /// Input status 1; feature control, when written.
    pub const STATUS_1: u16 = 0x3da;
    /// No port of the adapter.
    pub const NONE: u16 = 0;
}

/// Input status.
pub mod status {
    /// Status 0: a display is connected.
    pub const SENSE: u8 = 1 << 4;
    /// Status 1: nothing is shown now, for a retrace.
    pub const DISPLAY_OFF: u8 = 1;
    /// Status 1: the vertical one.
    pub const VERTICAL_RETRACE: u8 = 1 << 3;
}

/// Miscellaneous output.
pub mod misc {
    /// The CRT controller is at 3Dxh.
    pub const COLOUR: u8 = 1;
    /// Bits that choose the clock: 25.175 MHz or 28.322 MHz.
    pub const CLOCK: u8 = 0b1100;
    /// 28.322 MHz.
    pub const CLOCK_28: u8 = 0b0100;
}

/// Sequencer.
pub mod sequencer {
    pub const CLOCKING: usize = 1;
    /// Clocking mode: characters are 8 dots wide and not 9.
    pub const DOTS_8: u8 = 1;
    /// Clocking mode: each dot is shown twice.
    pub const HALF_DOT_CLOCK: u8 = 1 << 3;
    /// Clocking mode: the screen is off.
    pub const SCREEN_OFF: u8 = 1 << 5;
}

/// Graphics controller.
pub mod graphics {
    pub const MISC: usize = 6;
    /// Miscellaneous: graphics and not text.
    pub const GRAPHICS_MODE: u8 = 1;
    /// Miscellaneous: where the processor sees the memory.
    pub const MAP: u8 = 0b1100;
    /// B0000h, 32 KiB.
    pub const MAP_MONO: u8 = 0b1000;
    /// B8000h, 32 KiB.
    pub const MAP_COLOUR: u8 = 0b1100;
}

/// CRT controller.
pub mod crtc {
    pub const TOTAL_COLUMNS: usize = 0x00;
    pub const LAST_COLUMN: usize = 0x01;
    pub const TOTAL_LINES: usize = 0x06;
    pub const OVERFLOW: usize = 0x07;
    /// Overflow: bit 8 of the line compare.
    pub const LINE_COMPARE_8: u8 = 1 << 4;
    /// Lines of a character, less one.
    pub const MAX_SCAN_LINE: usize = 0x09;
    /// Maximum scan line: the number itself.
    pub const SCAN_LINES: u8 = 0b1_1111;
    /// Maximum scan line: bit 9 of the line compare.
    pub const LINE_COMPARE_9: u8 = 1 << 6;
    /// Maximum scan line: each line is shown twice.
    pub const DOUBLE_SCAN: u8 = 1 << 7;
    pub const CURSOR_START: usize = 0x0a;
    /// Cursor start: there is no cursor.
    pub const CURSOR_OFF: u8 = 1 << 5;
    pub const CURSOR_END: usize = 0x0b;
    /// Upper half; the lower one follows.
    pub const START_ADDRESS: usize = 0x0c;
    /// Upper half; the lower one follows.
    pub const CURSOR_LOCATION: usize = 0x0e;
    pub const RETRACE_START: usize = 0x10;
    pub const RETRACE_END: usize = 0x11;
    /// Vertical retrace end: registers 0 to 7 can't be written.
    pub const PROTECT: u8 = 1 << 7;
    pub const LAST_LINE: usize = 0x12;
    /// Words in a row, in units of two.
    pub const OFFSET: usize = 0x13;
    pub const LINE_COMPARE: usize = 0x18;
}

/// Attribute controller.
pub mod attribute {
    /// Index: the palette is for the display, not for the processor.
    pub const DISPLAY: u8 = 1 << 5;
    pub const MODE: usize = 0x10;
    /// Mode control: graphics and not text.
    pub const GRAPHICS_MODE: u8 = 1;
    /// Mode control: the attributes of a monochrome display.
    pub const MONO: u8 = 1 << 1;
    /// Mode control: bit 7 of an attribute blinks.
    pub const BLINK: u8 = 1 << 3;
    /// Mode control: bits 5:4 of colours come from the colour select register.
    pub const SELECT_5_4: u8 = 1 << 7;
    pub const PLANE_ENABLE: usize = 0x12;
    pub const COLOUR_SELECT: usize = 0x14;
}

/// The registers of one state of the adapter, or the bits of them that exist.
pub struct Registers {
    pub misc: u8,
    pub sequencer: [u8; super::SEQUENCER],
    pub graphics: [u8; super::GRAPHICS],
    pub crtc: [u8; super::CRTC],
    pub attribute: [u8; 21],
}

/// Text in 80 columns and 25 rows of 9 by 16 dots, which a BIOS calls mode 3.
pub const FIRMWARE: Registers = Registers {
    misc: 0x67,
    sequencer: [0x03, 0x00, 0x03, 0x00, 0x02],
    graphics: [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff],
    crtc: [
        0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c,
        0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
    ],
    attribute: [
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c,
        0x00, 0x0f, 0x08, 0x00,
    ],
};

/// Which bits there are.
pub const MASKS: Registers = Registers {
    misc: 0xff,
    sequencer: [0x03, 0x3d, 0x0f, 0x3f, 0x0e],
    graphics: [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff],
    crtc: [0xff; super::CRTC],
    attribute: [
        0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0xef,
        0xff, 0x3f, 0x0f, 0x0f,
    ],
};
