mod bench;
mod moves;

use bench::{Bench, Mode, DEVICE, RAM};
