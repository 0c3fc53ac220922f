//! Receiving with the kernel's arrival time, so that a busy test machine is not blamed on the
//! server: a packet that waits 15 ms until this process is scheduled is still stamped on arrival.
//!
//! std has no call for it; the C library that std is linked with anyway has (recvmsg, Linux only).
//! Elsewhere the time is taken after the read.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

#[cfg(not(target_os = "linux"))]
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Instant)> {
    socket
        .recv_from(buffer)
        .map(|(length, from)| (length, from, Instant::now()))
}

#[cfg(not(target_os = "linux"))]
pub fn ask_for_kernel_time(_: &UdpSocket) {}

#[cfg(target_os = "linux")]
pub use self::linux::{ask_for_kernel_time, receive};

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::ffi::{c_int, c_long, c_void};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};
    use std::{mem, ptr};

    const SOL_SOCKET: c_int = 1;
    const SO_TIMESTAMPNS: c_int = 35;
    const AF_INET: u8 = 2;
    /// No datagram waits longer than this; a larger difference is a step of the wall clock.
    const LONGEST_WAIT: Duration = Duration::from_secs(1);

    #[repr(C)]
    struct IoVec {
        base: *mut c_void,
        length: usize,
    }

    #[repr(C)]
    struct MsgHdr {
        name: *mut c_void,
        name_length: u32,
        parts: *mut IoVec,
        part_count: usize,
        control: *mut c_void,
        control_length: usize,
        flags: c_int,
    }

    /// One control message: its header, then the timespec that SO_TIMESTAMPNS puts in.
    #[repr(C)]
    #[derive(Default)]
    struct TimeMessage {
        length: usize,
        level: c_int,
        kind: c_int,
        seconds: c_long,
        nanoseconds: c_long,
    }

    unsafe extern "C" {
        fn setsockopt(fd: c_int, level: c_int, name: c_int, v: *const c_void, len: u32) -> c_int;
        fn recvmsg(fd: c_int, message: *mut MsgHdr, flags: c_int) -> isize;
    }

    /// Best effort: without it, `receive` stamps after the read.
    pub fn ask_for_kernel_time(socket: &UdpSocket) {
        let on: c_int = 1;
        let size = mem::size_of::<c_int>() as u32;
        // SAFETY: the option's value is one int, alive during the call.
        unsafe {
            let value = ptr::from_ref(&on).cast();
            setsockopt(socket.as_raw_fd(), SOL_SOCKET, SO_TIMESTAMPNS, value, size);
        }
    }

    /// One datagram: length, sender, arrival.
    pub fn receive(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr, Instant)> {
        let mut name = [0u8; 28]; // sockaddr_in6, the longer of the two
        let mut time = TimeMessage::default();
        let mut part = IoVec {
            base: buf.as_mut_ptr().cast(),
            length: buf.len(),
        };
        let mut message = MsgHdr {
            name: name.as_mut_ptr().cast(),
            name_length: name.len() as u32,
            parts: &mut part,
            part_count: 1,
            control: ptr::from_mut(&mut time).cast(),
            control_length: mem::size_of::<TimeMessage>(),
            flags: 0,
        };
        // SAFETY: every pointer in `message` is to a live local of the length stated beside it.
        let length = unsafe { recvmsg(socket.as_raw_fd(), &mut message, 0) };
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        let stamped = time.level == SOL_SOCKET && time.kind == SO_TIMESTAMPNS;
        let waited = if stamped {
            waited(time.seconds, time.nanoseconds)
        } else {
            Duration::ZERO
        };
        let now = Instant::now();
        Ok((
            length,
            address(&name),
            now.checked_sub(waited).unwrap_or(now),
        ))
    }

    fn waited(seconds: c_long, nanoseconds: c_long) -> Duration {
        let arrived = UNIX_EPOCH + Duration::new(seconds.max(0) as u64, nanoseconds.max(0) as u32);
        let waited = SystemTime::now()
            .duration_since(arrived)
            .unwrap_or_default();
        if waited > LONGEST_WAIT {
            Duration::ZERO
        } else {
            waited
        }
    }

    fn address(name: &[u8; 28]) -> SocketAddr {
        let port = u16::from_be_bytes([name[2], name[3]]);
        if name[0] == AF_INET {
            return (Ipv4Addr::new(name[4], name[5], name[6], name[7]), port).into();
        }
        let mut ip = [0; 16];
        ip.copy_from_slice(&name[8..24]);
        (IpAddr::from(Ipv6Addr::from(ip)), port).into()
    }
}
