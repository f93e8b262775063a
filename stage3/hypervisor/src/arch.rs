//! The processor: one folder an architecture.

pub mod x86_64;
