//! Calls as stories: scripted phones, a virtual clock, and exact instants.

mod direct;
mod hunt;
mod stage;
