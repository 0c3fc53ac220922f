-- A line a call, for reports (see rotaline-store's `CallLine`): no more than their columns and
-- filters, in the order of the openings. Times are microseconds since 1970 UTC. A wait of -1:
-- nothing was chosen, or the caller still waits. No caller: withheld.
CREATE TABLE report_calls (
    opened_us    INTEGER NOT NULL,
    id           BLOB    NOT NULL,
    closed       INTEGER NOT NULL,
    connected    INTEGER NOT NULL,
    patient      TEXT,
    gender       TEXT,
    caller       TEXT,
    practice     TEXT,
    area         TEXT,
    specialty    TEXT,
    specialist   TEXT,
    organisation TEXT,
    refs         INTEGER NOT NULL,
    wait_ms      INTEGER NOT NULL,
    talk_ms      INTEGER NOT NULL,
    outcome      TEXT,
    end_cause    TEXT,
    recorded     INTEGER NOT NULL,
    PRIMARY KEY (opened_us, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX report_calls_by_organisation ON report_calls (organisation, opened_us, id);
CREATE INDEX report_calls_by_specialty    ON report_calls (specialty, opened_us, id);
CREATE INDEX report_calls_by_practice     ON report_calls (practice, opened_us, id);
CREATE INDEX report_calls_by_specialist   ON report_calls (specialist, opened_us, id);
CREATE INDEX report_calls_by_outcome      ON report_calls (outcome, opened_us, id);
CREATE INDEX report_calls_by_wait         ON report_calls (wait_ms, opened_us, id);
CREATE INDEX report_calls_by_talk         ON report_calls (talk_ms, opened_us, id);

-- What is still to be asked for.
CREATE INDEX report_calls_owed ON report_calls (opened_us, id)
    WHERE connected = 1 AND outcome IS NULL;

-- A line an attempt, dated by its case. `sought`: not the caller's own phone. `party`: its person
-- was in the talk.
CREATE TABLE report_attempts (
    opened_us    INTEGER NOT NULL,
    case_id      BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    started_us   INTEGER NOT NULL,
    organisation TEXT,
    specialty    TEXT,
    person       TEXT,
    phone        TEXT    NOT NULL,
    round        INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    ring_ms      INTEGER,
    result       TEXT,
    sought       INTEGER NOT NULL,
    party        INTEGER NOT NULL,
    PRIMARY KEY (opened_us, case_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX report_attempts_by_person
    ON report_attempts (person, party, opened_us, case_id, number);

-- The cases that there are.
INSERT INTO report_attempts
SELECT c.opened_us, c.id, a.number, a.started_us, c.organisation, c.specialty, a.person, a.phone,
       a.round, coalesce(j.value ->> 'reason', ''), a.ring_ms, a.result,
       a.phone <> 'caller' OR coalesce(k.value ->> 'kind', 'inbound') = 'inbound',
       a.joined_us IS NOT NULL
           OR (a.phone = 'caller' AND a.result IS 'accepted'
               AND EXISTS (SELECT 1 FROM attempts o
                           WHERE o.case_id = c.id AND o.joined_us IS NOT NULL))
FROM cases c
JOIN attempts a ON a.case_id = c.id
LEFT JOIN json_each(c.body, '$.attempts') j ON j.value ->> 'number' = a.number
LEFT JOIN json_each(c.body, '$.calls') k ON k.value ->> 'id' = j.value ->> 'call';

INSERT INTO report_calls
SELECT c.opened_us, c.id, c.closed_us IS NOT NULL,
       EXISTS (SELECT 1 FROM attempts a WHERE a.case_id = c.id AND a.joined_us IS NOT NULL),
       c.body ->> '$.nhs_number', NULL,
       coalesce(c.body ->> '$.caller.number', c.body ->> '$.caller.other'),
       c.practice, c.area, c.specialty, c.specialist, c.organisation,
       (SELECT count(*) FROM report_attempts a
        WHERE a.opened_us = c.opened_us AND a.case_id = c.id AND a.sought = 1),
       coalesce(c.wait_ms, -1), c.talk_ms, c.outcome, c.end_cause,
       EXISTS (SELECT 1 FROM json_each(c.body, '$.recordings') r
               WHERE r.value ->> 'part' = 'case' AND r.value -> 'wav' IS NOT NULL)
FROM cases c;
