//! A scripted SIP phone, sans-IO, for the demo, self-test and simulation.
