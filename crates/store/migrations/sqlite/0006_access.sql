-- Who may ask. Names are never given twice: whoever leaves is disabled, and the audit stays true.
-- `password` is a PHC string (argon2id). The second factor's secret is nowhere: it is derived from
-- `totp_salt` under the server's key. `everywhere`: an administrator of the whole deployment.
-- Times are microseconds since 1970 UTC.
CREATE TABLE users (
    name           TEXT    NOT NULL PRIMARY KEY,
    person         TEXT,
    everywhere     INTEGER NOT NULL,
    password       TEXT    NOT NULL,
    totp_salt      BLOB,
    totp_confirmed INTEGER NOT NULL,
    totp_step      INTEGER NOT NULL DEFAULT 0,
    made_us        INTEGER NOT NULL,
    disabled_us    INTEGER
) STRICT, WITHOUT ROWID;

-- What they may be to an organisation. An empty specialty: all of them.
CREATE TABLE grants (
    user         TEXT NOT NULL,
    organisation TEXT NOT NULL,
    role         TEXT NOT NULL,
    specialty    TEXT NOT NULL,
    PRIMARY KEY (user, organisation, role, specialty)
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_organisation ON grants (organisation, user);

-- Who is logged in. Tokens are kept as SHA-256; the one before the last is known so that its use
-- by somebody else ends the session.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY,
    user       TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    before     BLOB,
    strong     INTEGER NOT NULL,
    made_us    INTEGER NOT NULL,
    renewed_us INTEGER NOT NULL,
    used_us    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user   ON sessions (user);
CREATE INDEX sessions_by_before ON sessions (before) WHERE before IS NOT NULL;

-- Tokens of programs, as SHA-256. `scopes` is a JSON array of rights.
CREATE TABLE api_tokens (
    id         BLOB    NOT NULL PRIMARY KEY,
    user       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    scopes     TEXT    NOT NULL,
    strong     INTEGER NOT NULL,
    made_us    INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX api_tokens_by_user ON api_tokens (user);

-- Who read or changed what, and why. No case: it is of none, or of many.
CREATE TABLE audit_log (
    id           INTEGER NOT NULL PRIMARY KEY,
    at_us        INTEGER NOT NULL,
    who          TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    case_id      BLOB,
    organisation TEXT,
    object       TEXT    NOT NULL,
    reason       TEXT
) STRICT;

INSERT INTO audit_log (id, at_us, who, action, case_id, organisation, object, reason)
SELECT a.id, a.at_us, a.who, a.action, a.case_id, c.organisation, a.object, NULL
FROM audit a LEFT JOIN cases c ON c.id = a.case_id;

DROP TABLE audit;

CREATE INDEX audit_log_by_case         ON audit_log (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX audit_log_by_organisation ON audit_log (organisation, id);
CREATE INDEX audit_log_by_who          ON audit_log (who, id);
