//! Sockets, real clock, media threads, recording writer, journal.
