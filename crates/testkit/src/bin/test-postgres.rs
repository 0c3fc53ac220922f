//! A PostgreSQL server for a run of tests: says where it is, and ends with its standard input.

use std::io::Read;

use rotaline_testkit::postgres::Cluster;

fn main() {
    let cluster = Cluster::start();
    println!("{}", cluster.address());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(cluster);
}
