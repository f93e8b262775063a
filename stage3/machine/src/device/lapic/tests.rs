//! Tests of the local APIC.
