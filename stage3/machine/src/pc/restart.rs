//! What of a board a reset leaves.

use super::{Pc, PcConfig};
use crate::time::Instant;

impl Pc {
    /// Resets the board at `now`, when its time begins anew: it is as after power-on, but for what is on its disks, and
    /// for what a battery keeps, the clock and its RAM. It has no firmware then.
    pub fn restart(&mut self, config: &PcConfig, now: Instant) {
        let (disks, floppies) = (self.detach(), self.eject_floppies());
        let mut clock = self.clock.clone();
        clock.reset(now, config.layout);
        *self = Self::new(config);
        self.clock = clock;
        self.attach(disks);
        self.insert_floppies(floppies);
    }
}
