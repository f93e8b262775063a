//! Conversations with the adapter.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;

const T0: Instant = Instant(0);
/// A frame of 900 × 449 dots at 28.322 MHz, rounded up to nanoseconds.
const FRAME: u64 = 14_268_061;

fn crtc_write(vga: &mut Vga, register: usize, value: u8) {
    vga.write(port::CRTC, register as u8);
    vga.write(port::CRTC_DATA, value);
}

fn graphics_write(vga: &mut Vga, register: u8, value: u8) {
    vga.write(port::GRAPHICS, register);
    vga.write(port::GRAPHICS_DATA, value);
}

/// As a program sets a register of the attribute controller.
fn attribute_write(vga: &mut Vga, register: u8, value: u8) {
    vga.read(T0, port::STATUS_1);
    vga.write(port::ATTRIBUTE, register);
    vga.write(port::ATTRIBUTE, value);
    vga.write(port::ATTRIBUTE, 0x20);
}

#[test]
fn firmware_leaves_80_columns_and_25_rows_in_colour() {
    let text = Vga::new().text().unwrap();
    assert_eq!((text.columns, text.rows, text.pitch, text.start), (80, 25, 80, 0));
    assert_eq!((text.window, text.blink, text.mono, text.split), (0xb8000, true, false, None));
    assert_eq!(text.cursor, Some(Cursor { location: 0, first_line: 13, last_line: 14 }));
    let colours: Vec<_> = (0..16).map(|pixel| Vga::new().colour(pixel)).collect();
    assert_eq!(colours[0], [0, 0, 0]);
    assert_eq!(colours[1], [0, 0, 42], "blue");
    assert_eq!(colours[6], [42, 21, 0], "brown");
    assert_eq!(colours[12], [63, 21, 21], "light red");
    assert_eq!(colours[15], [63, 63, 63]);
}

#[test]
fn fonts_of_8_lines_give_50_rows_and_a_double_scan_halves_them() {
    let mut vga = Vga::new();
    crtc_write(&mut vga, crtc::MAX_SCAN_LINE, 0x47);
    assert_eq!(vga.text().unwrap().rows, 50);
    crtc_write(&mut vga, crtc::MAX_SCAN_LINE, 0xc7);
    assert_eq!(vga.text().unwrap().rows, 25);
    crtc_write(&mut vga, crtc::RETRACE_END, 0x0e);
    crtc_write(&mut vga, crtc::LAST_COLUMN, 39);
    crtc_write(&mut vga, crtc::OFFSET, 20);
    let text = vga.text().unwrap();
    assert_eq!((text.columns, text.pitch), (40, 40));
}

#[test]
fn the_timing_is_protected_but_for_a_bit_of_the_line_compare() {
    let mut vga = Vga::new();
    crtc_write(&mut vga, crtc::LAST_COLUMN, 39);
    crtc_write(&mut vga, crtc::OVERFLOW, 0);
    assert_eq!(vga.read(T0, port::CRTC_DATA), 0x0f);
    assert_eq!(vga.text().unwrap().columns, 80);
    crtc_write(&mut vga, crtc::RETRACE_END, 0x0e);
    crtc_write(&mut vga, crtc::OVERFLOW, 0);
    assert_eq!(vga.read(T0, port::CRTC_DATA), 0);
}

#[test]
fn index_and_data_of_the_attribute_controller_take_turns() {
    let mut vga = Vga::new();
    vga.write(port::ATTRIBUTE, 0x10);
    assert!(!vga.is_lit(), "the palette belongs to the processor");
    vga.write(port::ATTRIBUTE, 0x04);
    assert!(!vga.is_lit());
    vga.write(port::ATTRIBUTE, 0x20);
    assert!(!vga.text().unwrap().blink);
}

#[test]
fn a_read_of_status_1_makes_the_next_write_an_index() {
    let mut vga = Vga::new();
    vga.write(port::ATTRIBUTE, 0x01);
    vga.read(T0, port::STATUS_1);
    vga.write(port::ATTRIBUTE, 0x21);
    assert_eq!(vga.read(T0, port::ATTRIBUTE), 0x21);
    assert_eq!(vga.read(T0, port::ATTRIBUTE_DATA), 0x01, "nothing was written to register 1");
    vga.write(port::ATTRIBUTE, 0xff);
    assert_eq!(vga.read(T0, port::ATTRIBUTE_DATA), 0x3f, "a palette register has six bits");
}

#[test]
fn colours_come_from_palette_and_colour_select() {
    let mut vga = Vga::new();
    attribute_write(&mut vga, 0x01, 0x3f);
    assert_eq!(vga.colour(1), [63, 63, 63]);
    attribute_write(&mut vga, 0x10, 0x8c);
    assert_eq!(vga.colour(1), [42, 42, 63], "bits 5:4 come from the colour select register");
    attribute_write(&mut vga, 0x14, 0x0c);
    vga.write(port::DAC_INDEX, 0xcf);
    for part in [1, 2, 0xff] {
        vga.write(port::DAC_DATA, part);
    }
    assert_eq!(vga.colour(1), [1, 2, 63]);
    vga.write(port::DAC_MASK, 0x0f);
    assert_eq!(vga.colour(1), vga.dac.colour(0x0f));
}

#[test]
fn the_palette_is_read_and_written_three_bytes_at_a_time() {
    let mut vga = Vga::new();
    vga.write(port::DAC_INDEX, 255);
    for value in 1..=6 {
        vga.write(port::DAC_DATA, value);
    }
    assert_eq!((vga.read(T0, port::DAC_STATE), vga.read(T0, port::DAC_INDEX)), (0, 1));
    vga.write(port::DAC_STATE, 255);
    assert_eq!(vga.read(T0, port::DAC_STATE), 3);
    let read: Vec<_> = (0..6).map(|_| vga.read(T0, port::DAC_DATA)).collect();
    assert_eq!(read, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn only_the_ports_of_the_chosen_display_answer() {
    let mut vga = Vga::new();
    assert_eq!(vga.read(T0, 0x3b4), 0xff);
    vga.write(0x3b4, 0x0e);
    assert_eq!(vga.read(T0, 0x3d4), 0);
    vga.write(port::STATUS_0, 0x66);
    assert_eq!(vga.read(T0, port::MISC), 0x66);
    vga.write(0x3b4, 0x0e);
    assert_eq!((vga.read(T0, 0x3b4), vga.read(T0, 0x3d4)), (0x0e, 0xff));
}

#[test]
fn the_text_stays_where_it_was_while_a_font_is_loaded() {
    let mut vga = Vga::new();
    graphics_write(&mut vga, 6, 0x04);
    assert_eq!(vga.text().unwrap().window, 0xb8000, "the window is at A0000h");
    graphics_write(&mut vga, 6, 0x0a);
    assert_eq!(vga.text().unwrap().window, 0xb0000);
    graphics_write(&mut vga, 6, 0x05);
    assert_eq!((vga.text(), vga.is_text()), (None, false));
}

#[test]
fn a_dark_screen_shows_no_text() {
    let mut vga = Vga::new();
    vga.write(port::SEQUENCER, 1);
    vga.write(port::SEQUENCER_DATA, 0x20);
    assert_eq!(vga.text(), None);
    vga.write(port::SEQUENCER_DATA, 0);
    vga.write(port::ENABLE, 0);
    assert!(!vga.is_lit());
}

#[test]
fn cursor_start_address_and_split() {
    let mut vga = Vga::new();
    crtc_write(&mut vga, crtc::START_ADDRESS, 1);
    crtc_write(&mut vga, crtc::START_ADDRESS + 1, 2);
    crtc_write(&mut vga, crtc::CURSOR_LOCATION, 3);
    crtc_write(&mut vga, crtc::CURSOR_LOCATION + 1, 4);
    crtc_write(&mut vga, crtc::CURSOR_START, 0);
    let text = vga.text().unwrap();
    assert_eq!((text.start, text.cursor.unwrap().location), (0x102, 0x304));
    crtc_write(&mut vga, crtc::CURSOR_START, 0x20);
    assert_eq!(vga.text().unwrap().cursor, None);
    crtc_write(&mut vga, crtc::CURSOR_START, 0x0f);
    assert_eq!(vga.text().unwrap().cursor, None, "it ends before it starts");
    crtc_write(&mut vga, crtc::MAX_SCAN_LINE, 0x0f);
    crtc_write(&mut vga, crtc::OVERFLOW, 0x0f);
    crtc_write(&mut vga, crtc::LINE_COMPARE, 159);
    assert_eq!(vga.text().unwrap().split, Some(10));
}

#[test]
fn retraces_follow_the_time() {
    let mut vga = Vga::new();
    let mut at = |nanos| vga.read(Instant(nanos), port::STATUS_1);
    assert_eq!(at(0), 0);
    // 80 of 100 columns of a line, which takes 31.78 µs, are shown; 400 of 449 lines.
    assert_eq!(at(26_000), 1);
    assert_eq!(at(32_000), 0);
    assert_eq!(at(405 * 31_778), 1);
    // The vertical retrace is in lines 412 and 413.
    assert_eq!(at(412 * 31_778 + 100), 9);
    assert_eq!(at(414 * 31_778 + 100), 1);
    assert_eq!(at(FRAME), 0);
    assert_eq!(at(1000 * FRAME + 412 * 31_778 + 1000), 9);
}

proptest! {
    #[test]
    fn whatever_is_written_it_answers(
        accesses in prop::collection::vec((0x3b0_u16..0x3e0, any::<u8>(), any::<bool>(), any::<u64>()), 0..300)
    ) {
        let mut vga = Vga::new();
        for (port, value, is_write, now) in accesses {
            if is_write {
                vga.write(port, value);
            } else {
                vga.read(Instant(now), port);
            }
            if let Some(text) = vga.text() {
                prop_assert!(text.columns <= 256 && text.rows <= 1024);
            }
            (0..16).for_each(|pixel| _ = vga.colour(pixel));
        }
    }
}
