//! Tests of the device against its manual.
