mod addresses;
mod arithmetic;
mod bench;
mod bus;
mod control_register;
mod disassemble;
mod faults;
mod moves;
mod random;
mod stack;
mod strings;

use super::{OperandSize, Refusal};
use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::{Access, Event, Fault, MemoryFault};
use bench::{Bench, Mode, CODE, DEVICE, MODES, RAM, STACK};
