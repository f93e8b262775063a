//! Pictures of a display, and terminals that show them.

use super::*;
use crate::memory::test_ram::TestRam;
use crate::time::Instant;
use proptest::prelude::*;
use std::string::String;

const SCREEN: u64 = 0xb_8000;
const NO_LIMIT: usize = usize::MAX;

fn ram() -> TestRam {
    TestRam::with_vga(2 << 20)
}

fn write(ram: &TestRam, row: usize, column: usize, text: &str, attribute: u8) {
    for (index, character) in text.bytes().enumerate() {
        let at = SCREEN + 2 * (80 * row + column + index) as u64;
        ram.write(Gpa(at), &[character, attribute]).unwrap();
    }
}

fn crtc(vga: &mut Vga, register: u8, value: u8) {
    vga.write(0x3d4, register);
    vga.write(0x3d5, value);
}

fn look(vga: &Vga, ram: &TestRam) -> Picture {
    let mut picture = Picture::new();
    picture.look(vga, ram);
    picture
}

fn text(picture: &Picture, row: usize) -> String {
    let characters = picture.row(row).iter().map(|cell| characters::unicode(cell.character));
    characters.collect::<String>().trim_end().into()
}

/// What is sent to make the terminal show the picture.
fn sent(painter: &mut Painter, picture: &Picture) -> String {
    let mut bytes = Vec::new();
    assert!(painter.paint(picture, NO_LIMIT, &mut |part| bytes.extend(part)));
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_picture_shows_memory_and_cursor() {
    let (mut vga, ram) = (Vga::new(), ram());
    write(&ram, 0, 0, "A:\\>", 0x07);
    write(&ram, 24, 79, "x", 0x1e);
    crtc(&mut vga, 0x0f, 4);
    let picture = look(&vga, &ram);
    assert_eq!((picture.size(), picture.cursor()), ((80, 25), Some((0, 4))));
    assert_eq!((text(&picture, 0).as_str(), text(&picture, 1).as_str()), ("A:\\>", ""));
    let cell = picture.row(24)[79];
    assert_eq!((cell.character, cell.foreground, cell.background, cell.blinks), (b'x', 14, 1, false));
    assert_eq!(cell.to_vga(), 0x1e78);
    assert!(!picture.is_blank());
    assert!(look(&vga, &TestRam::with_vga(2 << 20)).is_blank());
}

#[test]
fn bit_7_blinks_or_brightens() {
    let (mut vga, ram) = (Vga::new(), ram());
    write(&ram, 0, 0, "x", 0xc2);
    let cell = look(&vga, &ram).row(0)[0];
    assert_eq!((cell.foreground, cell.background, cell.blinks), (2, 4, true));
    for value in [0x10, 0x04, 0x20] {
        vga.write(0x3c0, value);
        if value == 0x04 {
            vga.read(Instant(0), 0x3da);
        }
    }
    let cell = look(&vga, &ram).row(0)[0];
    assert_eq!((cell.foreground, cell.background, cell.blinks), (2, 12, false));
}

#[test]
fn the_memory_is_a_ring_and_a_split_shows_its_start() {
    let (mut vga, ram) = (Vga::new(), ram());
    write(&ram, 0, 0, "first", 0x07);
    // The first row begins 40 characters before the end of the memory.
    let start = (16384_u16 - 40).to_be_bytes();
    crtc(&mut vga, 0x0c, start[0]);
    crtc(&mut vga, 0x0d, start[1]);
    let picture = look(&vga, &ram);
    assert_eq!(text(&picture, 0).trim_start(), "first");
    assert_eq!(picture.row(0)[40].character, b'f');
    assert_eq!(picture.cursor(), None, "the cursor is at a character that is not shown");
    crtc(&mut vga, 0x09, 0x0f);
    crtc(&mut vga, 0x18, 159);
    crtc(&mut vga, 0x11, 0);
    crtc(&mut vga, 0x07, 0x0f);
    assert_eq!(text(&look(&vga, &ram), 10), "first");
}

#[test]
fn graphics_are_named_and_a_dark_screen_is_blank() {
    let (mut vga, ram) = (Vga::new(), ram());
    write(&ram, 0, 0, "text", 0x07);
    vga.write(0x3ce, 6);
    vga.write(0x3cf, 5);
    assert!(text(&look(&vga, &ram), 0).contains("graphics mode"));
    vga.write(0x3c0, 0);
    assert!(look(&vga, &ram).is_blank());
}

#[test]
fn a_terminal_gets_everything_once_and_then_the_differences() {
    let (mut vga, ram) = (Vga::new(), ram());
    let mut painter = Painter::new();
    write(&ram, 1, 2, "hi\x01", 0x1f);
    assert_eq!(
        sent(&mut painter, &look(&vga, &ram)),
        "\x1b[?2026h\x1b[?1049h\x1b[?7l\x1b[0;37;40m\x1b[2J\x1b[1;25r\x1b[?25l\
         \x1b[2;3H\x1b[0;97;44mhi☺\x1b[1;1H\x1b[?25h\x1b[?2026l"
    );
    assert_eq!(sent(&mut painter, &look(&vga, &ram)), "");
    write(&ram, 1, 3, "o", 0x1f);
    crtc(&mut vga, 0x0f, 5);
    assert_eq!(
        sent(&mut painter, &look(&vga, &ram)),
        "\x1b[?2026h\x1b[2;4H\x1b[0;97;44mo\x1b[1;6H\x1b[?2026l"
    );
    crtc(&mut vga, 0x0a, 0x20);
    assert_eq!(sent(&mut painter, &look(&vga, &ram)), "\x1b[?2026h\x1b[?25l\x1b[?2026l");
    painter.forget();
    assert!(sent(&mut painter, &look(&vga, &ram)).contains("ho☺"));
}

#[test]
fn rows_that_move_up_are_scrolled() {
    let (vga, ram) = (Vga::new(), ram());
    let fill = |first: usize| {
        for row in 0..25 {
            write(&ram, row, 0, &std::format!("{:<80}", std::format!("row {}", first + row)), 0x07);
        }
    };
    fill(0);
    let mut painter = Painter::new();
    sent(&mut painter, &look(&vga, &ram));
    fill(2);
    let scrolled = sent(&mut painter, &look(&vga, &ram));
    assert_eq!(
        scrolled,
        "\x1b[?2026h\x1b[0;37;40m\x1b[25;1H\n\n\x1b[24;1Hrow 25\x1b[25;1Hrow 26\x1b[1;1H\x1b[?2026l"
    );
}

#[test]
fn an_update_stays_within_its_budget_and_the_next_one_goes_on() {
    let (vga, ram) = (Vga::new(), ram());
    for row in 0..25 {
        write(&ram, row, 0, &"x".repeat(80), 0x07);
    }
    let picture = look(&vga, &ram);
    let mut painter = Painter::new();
    let mut updates = 0;
    loop {
        let mut sent = 0;
        let is_complete = painter.paint(&picture, 500, &mut |part| sent += part.len());
        assert!(sent < 600, "{sent} bytes");
        updates += 1;
        if is_complete {
            break;
        }
    }
    assert!((4..8).contains(&updates), "{updates} updates");
    assert!(painter.paint(&picture, 500, &mut |_| panic!("there is nothing left")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the registers and the memory hold: no panic, and repeated painting comes to an end.
    #[test]
    fn any_display_can_be_shown(
        writes in prop::collection::vec((0x3b0_u16..0x3e0, any::<u8>()), 0..100),
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        at in 0_u64..0x7000,
    ) {
        let (mut vga, ram) = (Vga::new(), ram());
        for (port, value) in writes {
            vga.write(port, value);
        }
        ram.write(Gpa(SCREEN + at), &bytes).unwrap();
        let picture = look(&vga, &ram);
        let mut painter = Painter::new();
        let mut patience = 200;
        while !painter.paint(&picture, 1000, &mut |_| ()) {
            patience -= 1;
            prop_assert!(patience > 0);
        }
        prop_assert!(painter.paint(&picture, 0, &mut |_| panic!("there is nothing left")));
    }
}
