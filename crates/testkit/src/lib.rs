//! For tests: a virtual network, tones and their detection.

pub mod network;
