//! Tests of the tape and its clock.
