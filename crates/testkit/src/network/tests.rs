//! The weather is what it was set to, and the same seed gives the same weather.

use super::*;

const CLEAR: Weather = Weather {
    loss_percent: 0,
    duplicate_percent: 0,
    delay_min: Duration::from_millis(10),
    delay_max: Duration::from_millis(10),
};

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// Sends so many numbered datagrams, one a millisecond; what arrives, and when.
fn sent_through(weather: Weather, seed: u64, count: u32) -> Vec<(Mono, u32)> {
    let mut network = Network::new(weather, Seed::from_number(seed));
    for number in 0..count {
        let now = Mono::ZERO + Duration::from_millis(number.into());
        network.send(now, address(1), address(2), number.to_be_bytes().to_vec());
    }
    let mut arrived = Vec::new();
    while let Some(at) = network.deadline() {
        let (from, to, bytes) = network.poll(at).unwrap();
        assert_eq!((from, to), (address(1), address(2)));
        arrived.push((at, u32::from_be_bytes(bytes.try_into().unwrap())));
    }
    arrived
}

#[test]
fn in_clear_weather_all_arrive_once_in_order_after_the_delay() {
    let expected: Vec<_> = (0..100)
        .map(|number| {
            (
                Mono::ZERO + Duration::from_millis(u64::from(number) + 10),
                number,
            )
        })
        .collect();
    assert_eq!(sent_through(CLEAR, 1, 100), expected);
}

#[test]
fn nothing_arrives_early() {
    let mut network = Network::new(CLEAR, Seed::from_number(1));
    network.send(Mono::ZERO, address(1), address(2), vec![7]);
    let due = Mono::ZERO + Duration::from_millis(10);
    assert_eq!(network.poll(Mono::from_nanos(due.as_nanos() - 1)), None);
    assert_eq!(network.deadline(), Some(due));
    assert_eq!(network.poll(due), Some((address(1), address(2), vec![7])));
    assert_eq!((network.poll(due), network.deadline()), (None, None));
}

#[test]
fn loss_and_duplication_come_as_often_as_they_should() {
    let lossy = Weather {
        loss_percent: 20,
        ..CLEAR
    };
    assert!((7_800..8_200).contains(&sent_through(lossy, 2, 10_000).len()));
    let doubling = Weather {
        duplicate_percent: 5,
        ..CLEAR
    };
    assert!((10_400..10_600).contains(&sent_through(doubling, 3, 10_000).len()));
    let gone = Weather {
        loss_percent: 100,
        ..CLEAR
    };
    assert_eq!(sent_through(gone, 4, 100), []);
}

#[test]
fn delay_stays_within_its_bounds_and_reorders() {
    let weather = Weather {
        delay_max: Duration::from_millis(30),
        ..CLEAR
    };
    let arrived = sent_through(weather, 5, 1_000);
    assert_eq!(arrived.len(), 1_000);
    assert!(!arrived.is_sorted_by_key(|(_, number)| *number));
    assert!(arrived.iter().all(|(at, number)| {
        let sent = Mono::ZERO + Duration::from_millis(u64::from(*number));
        (10..=30).contains(&at.since(sent).as_millis())
    }));
}

#[test]
fn the_same_seed_is_the_same_weather() {
    let weather = Weather {
        loss_percent: 10,
        duplicate_percent: 10,
        delay_max: Duration::from_millis(50),
        ..CLEAR
    };
    assert_eq!(sent_through(weather, 6, 500), sent_through(weather, 6, 500));
    assert_ne!(sent_through(weather, 6, 500), sent_through(weather, 7, 500));
}

#[test]
fn what_is_beyond_the_bound_is_lost() {
    let mut network = Network::new(CLEAR, Seed::from_number(1));
    for _ in 0..=MAX_ON_THE_WAY {
        network.send(Mono::ZERO, address(1), address(2), Vec::new());
    }
    let due = network.deadline().unwrap();
    assert_eq!(
        std::iter::from_fn(|| network.poll(due)).count(),
        MAX_ON_THE_WAY
    );
}
