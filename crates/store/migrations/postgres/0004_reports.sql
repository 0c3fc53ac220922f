-- A line a call, for reports (see rotaline-store's `CallLine`): no more than their columns and
-- filters, in the order of the openings. Times are microseconds since 1970 UTC. A wait of -1:
-- nothing was chosen, or the caller still waits. No caller: withheld.
-- No case is older than these tables: PostgreSQL came after them.
CREATE TABLE report_calls (
    opened_us    BIGINT  NOT NULL,
    id           UUID    NOT NULL,
    closed       BOOLEAN NOT NULL,
    connected    BOOLEAN NOT NULL,
    patient      TEXT,
    gender       TEXT,
    caller       TEXT,
    practice     TEXT    COLLATE "C",
    area         TEXT    COLLATE "C",
    specialty    TEXT    COLLATE "C",
    specialist   TEXT    COLLATE "C",
    organisation TEXT    COLLATE "C",
    refs         BIGINT  NOT NULL,
    wait_ms      BIGINT  NOT NULL,
    talk_ms      BIGINT  NOT NULL,
    outcome      TEXT    COLLATE "C",
    end_cause    TEXT,
    recorded     BOOLEAN NOT NULL,
    PRIMARY KEY (opened_us, id)
);

CREATE INDEX report_calls_by_organisation ON report_calls (organisation, opened_us, id);
CREATE INDEX report_calls_by_specialty    ON report_calls (specialty, opened_us, id);
CREATE INDEX report_calls_by_practice     ON report_calls (practice, opened_us, id);
CREATE INDEX report_calls_by_specialist   ON report_calls (specialist, opened_us, id);
CREATE INDEX report_calls_by_outcome      ON report_calls (outcome, opened_us, id);
CREATE INDEX report_calls_by_wait         ON report_calls (wait_ms, opened_us, id);
CREATE INDEX report_calls_by_talk         ON report_calls (talk_ms, opened_us, id);

-- What is still to be asked for.
CREATE INDEX report_calls_owed ON report_calls (opened_us, id)
    WHERE connected AND outcome IS NULL;

-- A line an attempt, dated by its case. `sought`: not the caller's own phone. `party`: its person
-- was in the talk.
CREATE TABLE report_attempts (
    opened_us    BIGINT  NOT NULL,
    case_id      UUID    NOT NULL,
    number       BIGINT  NOT NULL,
    started_us   BIGINT  NOT NULL,
    organisation TEXT    COLLATE "C",
    specialty    TEXT    COLLATE "C",
    person       TEXT    COLLATE "C",
    phone        TEXT    COLLATE "C" NOT NULL,
    round        BIGINT  NOT NULL,
    reason       TEXT    NOT NULL,
    ring_ms      BIGINT,
    result       TEXT    COLLATE "C",
    sought       BOOLEAN NOT NULL,
    party        BOOLEAN NOT NULL,
    PRIMARY KEY (opened_us, case_id, number)
);

CREATE INDEX report_attempts_by_person
    ON report_attempts (person, party, opened_us, case_id, number);
