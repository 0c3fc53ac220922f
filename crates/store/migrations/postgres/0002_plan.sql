-- The plan as it is now: one row a thing, its keys as TOML (see rotaline-routing's `Items`).
-- `version` is the revision that changed it last; each change of the plan is one revision.
CREATE TABLE plan_items (
    kind       TEXT   COLLATE "C" NOT NULL,
    id         TEXT   COLLATE "C" NOT NULL,
    body       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    changed_by TEXT   NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Every version of every item that there ever was; no body: it was taken away.
CREATE TABLE plan_history (
    revision   BIGINT NOT NULL,
    kind       TEXT   COLLATE "C" NOT NULL,
    id         TEXT   COLLATE "C" NOT NULL,
    body       TEXT,
    changed_us BIGINT NOT NULL,
    changed_by TEXT   NOT NULL,
    PRIMARY KEY (revision, kind, id)
);

CREATE INDEX plan_history_by_item ON plan_history (kind, id, revision);
