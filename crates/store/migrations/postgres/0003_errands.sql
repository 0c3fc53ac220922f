-- What a code or PIN opens. The code itself is nowhere: `mac` is its HMAC under the server's key.
-- `bound` is a JSON array of the numbers that it may be keyed from; null: any. Times are
-- microseconds since 1970 UTC.
CREATE TABLE errands (
    id           UUID   NOT NULL PRIMARY KEY,
    kind         TEXT   COLLATE "C" NOT NULL,
    organisation TEXT   COLLATE "C" NOT NULL,
    mac          BYTEA  NOT NULL,
    bound        JSONB,
    made_us      BIGINT NOT NULL,
    expires_us   BIGINT NOT NULL,
    uses_left    BIGINT NOT NULL,
    claimed_us   BIGINT,
    body         TEXT   NOT NULL
);

CREATE INDEX errands_by_mac    ON errands (organisation, mac);
CREATE INDEX errands_by_expiry ON errands (expires_us);

-- People's own PINs, as HMAC under the server's key.
CREATE TABLE pins (
    person TEXT  COLLATE "C" NOT NULL PRIMARY KEY,
    mac    BYTEA NOT NULL
);

-- Who takes no calls, and until when.
CREATE TABLE pauses (
    person   TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    until_us BIGINT NOT NULL
);

-- Requests to be rung back, as they stand in their cases.
CREATE TABLE requests (
    id           UUID   NOT NULL PRIMARY KEY,
    case_id      UUID   NOT NULL,
    organisation TEXT   COLLATE "C" NOT NULL,
    state        TEXT   COLLATE "C" NOT NULL,
    at_us        BIGINT NOT NULL
);

CREATE INDEX requests_by_state ON requests (state, at_us);

-- Whom a person missed.
CREATE INDEX attempts_by_person ON attempts (person, started_us) WHERE person IS NOT NULL;
