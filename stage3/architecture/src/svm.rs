//! AMD SVM (AMD APM volume 2, "Secure Virtual Machine").

pub mod audit;
pub mod exit_code;
pub mod vmcb;
