//! Intel VMX (Intel SDM volume 3, "Virtual-Machine Control Structures").

pub mod access_rights;
pub mod audit;
pub mod capabilities;
pub mod controls;
pub mod exit_reason;
pub mod fields;
pub mod interruptibility;
pub mod interruption;
