-- Which practice somebody said that a case came from, by the number that rang. Times are
-- microseconds since 1970 UTC.
CREATE TABLE assignments (
    case_id  UUID   NOT NULL PRIMARY KEY,
    caller   TEXT   COLLATE "C" NOT NULL,
    practice TEXT   COLLATE "C",
    at_us    BIGINT NOT NULL
);

CREATE INDEX assignments_by_caller ON assignments (caller, at_us);
