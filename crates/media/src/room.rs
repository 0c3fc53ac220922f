//! Who hears whom: the legs of each room, in order of entering.
//!
//! A room holds [`MAX_LEGS`]; one more is turned away (it goes on hearing silence) and counted.

use std::collections::BTreeMap;

use crate::MediaRoom;

/// Legs of a room: three-way, and one who comes before another leaves.
pub const MAX_LEGS: usize = 4;

/// The rooms of a thread.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: BTreeMap<MediaRoom, Members>,
}

/// The slots in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    slots: [u32; MAX_LEGS],
    count: usize,
}

/// How many others a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    None,
    One(u32),
    More,
}

/// No place in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Rooms {
    /// Adds a slot; answers with all members.
    pub(crate) fn enter(&mut self, room: MediaRoom, slot: u32) -> Result<Members, Full> {
        let members = self.rooms.entry(room).or_default();
        let place = members.slots.get_mut(members.count).ok_or(Full)?;
        *place = slot;
        members.count += 1;
        Ok(*members)
    }

    /// Removes a slot; answers with those who stay. An empty room is gone.
    pub(crate) fn leave(&mut self, room: MediaRoom, slot: u32) -> Members {
        let Some(members) = self.rooms.get_mut(&room) else {
            return Members::default();
        };
        let mut stay = Members::default();
        for member in members.iter().filter(|member| *member != slot) {
            stay.slots[stay.count] = member;
            stay.count += 1;
        }
        *members = stay;
        if stay.count == 0 {
            self.rooms.remove(&room);
        }
        stay
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.rooms.len()
    }
}

impl Members {
    /// Who else there is, as one of the members sees it.
    pub(crate) fn others(&self, slot: u32) -> Others {
        let mut others = self.iter().filter(|other| *other != slot);
        match (others.next(), others.next()) {
            (None, _) => Others::None,
            (Some(other), None) => Others::One(other),
            (Some(_), Some(_)) => Others::More,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.slots.iter().copied().take(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(members: Members) -> Vec<u32> {
        members.iter().collect()
    }

    #[test]
    fn legs_enter_and_leave_and_the_empty_room_is_gone() {
        let mut rooms = Rooms::default();
        let room = MediaRoom(7);
        assert_eq!(all(rooms.enter(room, 3).unwrap()), [3]);
        assert_eq!(all(rooms.enter(room, 4).unwrap()), [3, 4]);
        assert_eq!(all(rooms.leave(room, 3)), [4]);
        assert_eq!(all(rooms.enter(room, 5).unwrap()), [4, 5]);
        rooms.leave(room, 5);
        rooms.leave(room, 4);
        assert_eq!(rooms.len(), 0);
        assert_eq!(all(rooms.leave(room, 4)), []);
    }

    #[test]
    fn a_full_room_turns_the_next_away() {
        let mut rooms = Rooms::default();
        for slot in 0..MAX_LEGS as u32 {
            rooms.enter(MediaRoom(1), slot).unwrap();
        }
        assert_eq!(rooms.enter(MediaRoom(1), 99).unwrap_err(), Full);
    }
}
