-- One row a case: what lists filter by, and the whole case as JSON (see rotaline-record's `Case`).
-- Times are microseconds since 1970 UTC. Ids are compared byte by byte, as everywhere else.
CREATE TABLE cases (
    id           UUID   NOT NULL PRIMARY KEY,
    node         BIGINT NOT NULL,
    opened_us    BIGINT NOT NULL,
    closed_us    BIGINT,
    organisation TEXT   COLLATE "C",
    practice     TEXT   COLLATE "C",
    area         TEXT   COLLATE "C",
    specialty    TEXT   COLLATE "C",
    specialist   TEXT   COLLATE "C",
    outcome      TEXT   COLLATE "C",
    end_cause    TEXT,
    refs         BIGINT NOT NULL,
    wait_ms      BIGINT,
    talk_ms      BIGINT NOT NULL,
    body         JSONB  NOT NULL
);

CREATE INDEX cases_by_opening    ON cases (opened_us, id);
CREATE INDEX cases_by_specialty  ON cases (specialty, opened_us, id) WHERE specialty IS NOT NULL;
CREATE INDEX cases_by_practice   ON cases (practice, opened_us, id) WHERE practice IS NOT NULL;
CREATE INDEX cases_by_specialist ON cases (specialist, opened_us, id) WHERE specialist IS NOT NULL;

-- One row a phone that was rung, for reports.
CREATE TABLE attempts (
    case_id     UUID   NOT NULL,
    number      BIGINT NOT NULL,
    person      TEXT   COLLATE "C",
    phone       TEXT   COLLATE "C" NOT NULL,
    round       BIGINT NOT NULL,
    started_us  BIGINT NOT NULL,
    answered_us BIGINT,
    joined_us   BIGINT,
    ring_ms     BIGINT,
    result      TEXT   COLLATE "C",
    PRIMARY KEY (case_id, number)
);

-- How far each node's journal is projected; written in the transaction of what it stands for.
CREATE TABLE cursors (
    node     BIGINT NOT NULL PRIMARY KEY,
    position TEXT   NOT NULL
);

-- Who listened to or downloaded what.
CREATE TABLE audit (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_us   BIGINT NOT NULL,
    who     TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    case_id UUID   NOT NULL,
    object  TEXT   NOT NULL
);

CREATE INDEX audit_by_case ON audit (case_id);
