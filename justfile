# Short names for the commands that are used daily.

# What CI runs.
check:
    tests/run

# All tests, or some: just test unit sipp
test *PARTS:
    tests/run {{PARTS}}

# One whole call with phones of our own, then a service that goes on.
demo:
    cargo run --release -- demo

# Figures, each beside a yardstick of the same run.
bench:
    cargo bench -p rotaline-benches

fmt:
    cargo fmt --all
