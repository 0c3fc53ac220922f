//! Calls as stories: scripted phones, a virtual clock, and exact instants.

#[cfg(test)]
mod accept;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod dial_in;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod farewell;
#[cfg(test)]
mod hunt;
#[cfg(test)]
mod in_call_keys;
#[cfg(test)]
mod keep_trying;
#[cfg(test)]
mod menu;
#[cfg(test)]
mod missed;
#[cfg(test)]
mod nhs;
#[cfg(test)]
mod order;
#[cfg(test)]
mod overflow;
#[cfg(test)]
mod overlap;
#[cfg(test)]
mod pifu;
#[cfg(test)]
mod screen;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod talk;
#[cfg(test)]
mod zone;
