-- Who may ask. Names are never given twice: whoever leaves is disabled, and the audit stays true.
-- `password` is a PHC string (argon2id). The second factor's secret is nowhere: it is derived from
-- `totp_salt` under the server's key. `everywhere`: an administrator of the whole deployment.
-- Times are microseconds since 1970 UTC. `user` is quoted: by itself it is who is connected.
CREATE TABLE users (
    name           TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    person         TEXT    COLLATE "C",
    everywhere     BOOLEAN NOT NULL,
    password       TEXT    NOT NULL,
    totp_salt      BYTEA,
    totp_confirmed BOOLEAN NOT NULL,
    totp_step      BIGINT  NOT NULL DEFAULT 0,
    made_us        BIGINT  NOT NULL,
    disabled_us    BIGINT
);

-- What they may be to an organisation. An empty specialty: all of them.
CREATE TABLE grants (
    "user"       TEXT COLLATE "C" NOT NULL,
    organisation TEXT COLLATE "C" NOT NULL,
    role         TEXT COLLATE "C" NOT NULL,
    specialty    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY ("user", organisation, role, specialty)
);

CREATE INDEX grants_by_organisation ON grants (organisation, "user");

-- Who is logged in. Tokens are kept as SHA-256; the one before the last is known so that its use
-- by somebody else ends the session.
CREATE TABLE sessions (
    id         UUID    NOT NULL PRIMARY KEY,
    "user"     TEXT    COLLATE "C" NOT NULL,
    hash       BYTEA   NOT NULL UNIQUE,
    before     BYTEA,
    strong     BOOLEAN NOT NULL,
    made_us    BIGINT  NOT NULL,
    renewed_us BIGINT  NOT NULL,
    used_us    BIGINT  NOT NULL
);

CREATE INDEX sessions_by_user   ON sessions ("user");
CREATE INDEX sessions_by_before ON sessions (before) WHERE before IS NOT NULL;

-- Tokens of programs, as SHA-256. `scopes` is a JSON array of rights.
CREATE TABLE api_tokens (
    id         UUID    NOT NULL PRIMARY KEY,
    "user"     TEXT    COLLATE "C" NOT NULL,
    name       TEXT    NOT NULL,
    hash       BYTEA   NOT NULL UNIQUE,
    scopes     JSONB   NOT NULL,
    strong     BOOLEAN NOT NULL,
    made_us    BIGINT  NOT NULL,
    expires_us BIGINT  NOT NULL
);

CREATE INDEX api_tokens_by_user ON api_tokens ("user");

-- Who read or changed what, and why. No case: it is of none, or of many.
CREATE TABLE audit_log (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_us        BIGINT NOT NULL,
    who          TEXT   COLLATE "C" NOT NULL,
    action       TEXT   COLLATE "C" NOT NULL,
    case_id      UUID,
    organisation TEXT   COLLATE "C",
    object       TEXT   NOT NULL,
    reason       TEXT
);

INSERT INTO audit_log (at_us, who, action, case_id, organisation, object, reason)
SELECT a.at_us, a.who, a.action, a.case_id, c.organisation, a.object, NULL
FROM audit a LEFT JOIN cases c ON c.id = a.case_id
ORDER BY a.id;

DROP TABLE audit;

CREATE INDEX audit_log_by_case         ON audit_log (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX audit_log_by_organisation ON audit_log (organisation, id);
CREATE INDEX audit_log_by_who          ON audit_log (who, id);
