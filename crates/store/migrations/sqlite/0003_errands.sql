-- What a code or PIN opens. The code itself is nowhere: `mac` is its HMAC under the server's key.
-- `bound` is a JSON array of the numbers that it may be keyed from; null: any. Times are
-- microseconds since 1970 UTC.
CREATE TABLE errands (
    id           BLOB    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    organisation TEXT    NOT NULL,
    mac          BLOB    NOT NULL,
    bound        TEXT,
    made_us      INTEGER NOT NULL,
    expires_us   INTEGER NOT NULL,
    uses_left    INTEGER NOT NULL,
    claimed_us   INTEGER,
    body         TEXT    NOT NULL
) STRICT;

CREATE INDEX errands_by_mac     ON errands (organisation, mac);
CREATE INDEX errands_by_expiry  ON errands (expires_us);

-- People's own PINs, as HMAC under the server's key.
CREATE TABLE pins (
    person TEXT NOT NULL PRIMARY KEY,
    mac    BLOB NOT NULL
) STRICT;

-- Who takes no calls, and until when.
CREATE TABLE pauses (
    person   TEXT    NOT NULL PRIMARY KEY,
    until_us INTEGER NOT NULL
) STRICT;

-- Requests to be rung back, as they stand in their cases.
CREATE TABLE requests (
    id           BLOB    NOT NULL PRIMARY KEY,
    case_id      BLOB    NOT NULL,
    organisation TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    at_us        INTEGER NOT NULL
) STRICT;

CREATE INDEX requests_by_state ON requests (state, at_us);

-- Whom a person missed.
CREATE INDEX attempts_by_person ON attempts (person, started_us) WHERE person IS NOT NULL;
