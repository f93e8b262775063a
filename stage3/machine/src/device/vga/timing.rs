//! Where the beam is: a function of time and of the CRT controller's registers.

use super::registers::{crtc, misc, sequencer};
use super::CRTC;
use crate::time::Instant;

/// What is at the beam's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// A part of the picture, or its border and retraces.
    pub is_shown: bool,
    /// The vertical retrace.
    pub in_vertical_retrace: bool,
}

/// Where the beam is at `now`, by these registers: the sequencer's clocking mode is one of them.
pub(super) fn position(crtc: &[u8; CRTC], clocking: u8, misc: u8, now: Instant) -> Position {
    let dots = if clocking & sequencer::DOTS_8 == 0 { 9 } else { 8 };
    let dots = if clocking & sequencer::HALF_DOT_CLOCK == 0 { dots } else { 2 * dots };
    let khz = if misc & misc::CLOCK == misc::CLOCK_28 { 28_322 } else { 25_175 };
    // The total is stored less 5 columns and less 2 lines.
    let line_dots = (u64::from(crtc[crtc::TOTAL_COLUMNS]) + 5) * dots;
    let lines = vertical(crtc, crtc::TOTAL_LINES, [0, 5]) + 2;
    let elapsed = u128::from(now.0) * khz / 1_000_000;
    let at = (elapsed % u128::from(line_dots * lines)) as u64;
    let (line, column) = (at / line_dots, at % line_dots / dots);

    let retrace_start = vertical(crtc, crtc::RETRACE_START, [2, 7]);
    // Of the end there are four bits.
    let retrace_lines = u64::from(crtc[crtc::RETRACE_END]).wrapping_sub(retrace_start) & 0b1111;
    Position {
        is_shown: line <= last_line(crtc) && column <= crtc[crtc::LAST_COLUMN].into(),
        in_vertical_retrace: (retrace_start..retrace_start + retrace_lines).contains(&line),
    }
}

/// The last line of the picture.
pub(super) fn last_line(crtc: &[u8; CRTC]) -> u64 {
    vertical(crtc, crtc::LAST_LINE, [1, 6])
}

/// A register of 10 bits: bits 9:8 are in the overflow register, at these places.
fn vertical(crtc: &[u8; CRTC], register: usize, [bit_8, bit_9]: [u8; 2]) -> u64 {
    let overflow = crtc[crtc::OVERFLOW];
    let bit = |place: u8| u64::from(overflow >> place & 1);
    u64::from(crtc[register]) | bit(bit_8) << 8 | bit(bit_9) << 9
}
