-- Which practice somebody said that a case came from, by the number that rang. Times are
-- microseconds since 1970 UTC.
CREATE TABLE assignments (
    case_id  BLOB    NOT NULL PRIMARY KEY,
    caller   TEXT    NOT NULL,
    practice TEXT,
    at_us    INTEGER NOT NULL
) STRICT;

CREATE INDEX assignments_by_caller ON assignments (caller, at_us);
