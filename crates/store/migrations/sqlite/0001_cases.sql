-- One row a case: what lists filter by, and the whole case as JSON (see rotaline-record's `Case`).
-- Times are microseconds since 1970 UTC.
CREATE TABLE cases (
    id           BLOB    NOT NULL PRIMARY KEY,
    node         INTEGER NOT NULL,
    opened_us    INTEGER NOT NULL,
    closed_us    INTEGER,
    organisation TEXT,
    practice     TEXT,
    area         TEXT,
    specialty    TEXT,
    specialist   TEXT,
    outcome      TEXT,
    end_cause    TEXT,
    refs         INTEGER NOT NULL,
    wait_ms      INTEGER,
    talk_ms      INTEGER NOT NULL,
    body         TEXT    NOT NULL
) STRICT;

CREATE INDEX cases_by_opening    ON cases (opened_us, id);
CREATE INDEX cases_by_specialty  ON cases (specialty, opened_us, id) WHERE specialty IS NOT NULL;
CREATE INDEX cases_by_practice   ON cases (practice, opened_us, id) WHERE practice IS NOT NULL;
CREATE INDEX cases_by_specialist ON cases (specialist, opened_us, id) WHERE specialist IS NOT NULL;

-- One row a phone that was rung, for reports.
CREATE TABLE attempts (
    case_id     BLOB    NOT NULL,
    number      INTEGER NOT NULL,
    person      TEXT,
    phone       TEXT    NOT NULL,
    round       INTEGER NOT NULL,
    started_us  INTEGER NOT NULL,
    answered_us INTEGER,
    joined_us   INTEGER,
    ring_ms     INTEGER,
    result      TEXT,
    PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;

-- How far each node's journal is projected; written in the transaction of what it stands for.
CREATE TABLE cursors (
    node     INTEGER NOT NULL PRIMARY KEY,
    position TEXT    NOT NULL
) STRICT;

-- Who listened to or downloaded what.
CREATE TABLE audit (
    id      INTEGER NOT NULL PRIMARY KEY,
    at_us   INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    case_id BLOB    NOT NULL,
    object  TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_by_case ON audit (case_id);
