//! Intel VMX (Intel SDM volume 3, "Virtual-Machine Control Structures").

pub mod controls;
pub mod exit_reason;
pub mod fields;
